-- The tables of a gallery, and searching in SQL. DIM is the encoder's number of dimensions.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE IF NOT EXISTS galleries (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    manifest jsonb NOT NULL,
    -- The graph over the pictures, if `timanh index tune` made one: see postgres_graph.sql.
    graph jsonb,
    coding bytea
);

-- A post is a folder of the gallery; its pictures are in the order of the dictionary.
CREATE TABLE IF NOT EXISTS posts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    folder text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS post_images (
    id text PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    image_url text NOT NULL,
    path text NOT NULL,
    embedding vector(DIM) NOT NULL,
    caption text,
    display_order integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    row_number bigint NOT NULL UNIQUE,
    item jsonb NOT NULL
);
-- PLAIN keeps a vector in its row, where a scan finds it: out of line each is fetched by itself.
ALTER TABLE post_images ALTER COLUMN embedding SET STORAGE PLAIN;

-- What a scan reads: half the bytes, and nothing beside them.
CREATE TABLE IF NOT EXISTS post_image_scan (
    row_number bigint PRIMARY KEY REFERENCES post_images (row_number) ON DELETE CASCADE,
    half halfvec(DIM) NOT NULL
);
ALTER TABLE post_image_scan ALTER COLUMN half SET STORAGE PLAIN;

-- The k pictures nearest to a vector: in half precision first, then by the stored vectors. Once
-- `timanh index tune` has made a graph, that is asked, and may miss a picture.
CREATE OR REPLACE FUNCTION search_images(query vector(DIM), k integer)
RETURNS TABLE (id text, path text, caption text, row_number bigint, score double precision)
LANGUAGE sql STABLE AS $$
    SELECT i.id, i.path, i.caption, i.row_number, -(i.embedding <#> query) AS score
    FROM (
        SELECT s.row_number FROM post_image_scan s
        ORDER BY s.half <#> query::halfvec(DIM) LIMIT 4 * k + 16
    ) AS near
    JOIN post_images i USING (row_number)
    ORDER BY score DESC, i.row_number
    LIMIT k
$$;

-- More like a picture: SELECT * FROM similar_images('0f3a…', 5);
CREATE OR REPLACE FUNCTION similar_images(picture text, k integer)
RETURNS TABLE (id text, path text, caption text, row_number bigint, score double precision)
LANGUAGE sql STABLE AS $$
    SELECT found.* FROM post_images p, search_images(p.embedding, k + 1) AS found
    WHERE p.id = picture AND found.id <> picture
    ORDER BY found.score DESC, found.row_number
    LIMIT k
$$;
