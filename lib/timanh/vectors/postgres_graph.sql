-- An HNSW graph for texts, over short codes. DIM and WIDTH are numbers of dimensions, EFFORT is how
-- many candidates a search keeps, CANDIDATES how many of them the stored vectors score again.
CREATE TABLE IF NOT EXISTS post_image_axes (
    number integer PRIMARY KEY,
    axis vector(DIM) NOT NULL
);
ALTER TABLE post_image_axes ALTER COLUMN axis SET STORAGE PLAIN;

CREATE TABLE IF NOT EXISTS post_image_codes (
    row_number bigint NOT NULL REFERENCES post_images (row_number) ON DELETE CASCADE,
    code halfvec(WIDTH) NOT NULL
);
ALTER TABLE post_image_codes ALTER COLUMN code SET STORAGE PLAIN;

-- A query in the numbers of the codes, made long: see timanh.vectors.graph.
CREATE OR REPLACE FUNCTION query_code(query vector(DIM)) RETURNS halfvec(WIDTH)
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT -(axis <#> query) FROM post_image_axes ORDER BY number
    )::real[]::halfvec(WIDTH)
$$;

CREATE OR REPLACE FUNCTION search_images(query vector(DIM), k integer)
RETURNS TABLE (id text, path text, caption text, row_number bigint, score double precision)
LANGUAGE plpgsql STABLE
SET hnsw.ef_search = EFFORT
SET hnsw.iterative_scan = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
-- Planned once a connection: planning each search anew took a quarter of its time.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    asked halfvec(WIDTH) := query_code(query);
BEGIN
    -- Only then: going on where a scan ended needs what it looked at kept, which takes time.
    IF 4 * k > EFFORT THEN
        PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true);
    END IF;
    RETURN QUERY
    SELECT i.id, i.path, i.caption, i.row_number, -(i.embedding <#> query) AS score
    FROM (
        SELECT c.row_number FROM post_image_codes c
        ORDER BY c.code <-> asked LIMIT greatest(CANDIDATES, 4 * k)
    ) AS near
    JOIN post_images i USING (row_number)
    ORDER BY score DESC, i.row_number
    LIMIT k;
END
$$;
