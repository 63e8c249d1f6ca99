-- Copies of vector dictionaries. Each is never changed: a dictionary that changes is copied again.
CREATE TABLE timanh_copy.copies (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Of the dictionary, on the machine that made the copy.
    folder text NOT NULL,
    -- What it is a copy of; see timanh.vectors.servers.server_copy.state_of.
    state text NOT NULL,
    encoder text NOT NULL,
    fingerprint text NOT NULL,
    dim integer NOT NULL,
    count bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    -- The graph over the pictures, if `timanh index tune` made one: see graph.sql.
    graph jsonb,
    coding bytea
);

-- The pictures of all copies; those of copy 3 lie in the partition pictures_3.
CREATE TABLE timanh_copy.pictures (
    copy integer NOT NULL,
    row_number bigint NOT NULL,
    id text NOT NULL,
    -- Within the gallery; '' is the gallery itself.
    folder text NOT NULL,
    path text NOT NULL,
    captions text[] NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    bytes bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    embedding vector NOT NULL,
    PRIMARY KEY (copy, row_number),
    UNIQUE (copy, id)
) PARTITION BY LIST (copy);
-- PLAIN keeps a vector in its row, where a scan finds it: out of line each is fetched by itself.
ALTER TABLE timanh_copy.pictures ALTER COLUMN embedding SET STORAGE PLAIN;

-- The k pictures nearest to a vector, in the newest copy or in `of_copy`. Each copy has a function
-- of its own for it, which is planned once a connection.
CREATE FUNCTION timanh_copy.search_images(query vector, k integer, of_copy integer DEFAULT NULL)
RETURNS TABLE (id text, path text, captions text[], row_number bigint, score double precision)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT p.id, p.path, p.captions, found.row_number, found.score '
        'FROM timanh_copy.search_copy_%1$s($1, $2) AS found '
        'JOIN timanh_copy.pictures_%1$s AS p USING (row_number) '
        'ORDER BY found.score DESC, found.row_number',
        coalesce(of_copy, (SELECT max(number) FROM timanh_copy.copies))
    ) USING query, k;
END
$$;

-- More like a picture: SELECT * FROM timanh_copy.similar_images('0f3a…', 5);
CREATE FUNCTION timanh_copy.similar_images(picture text, k integer, of_copy integer DEFAULT NULL)
RETURNS TABLE (id text, path text, captions text[], row_number bigint, score double precision)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT found.*
    FROM timanh_copy.pictures AS p,
        timanh_copy.search_images(p.embedding, k + 1, p.copy) AS found
    WHERE p.id = picture AND found.id <> picture
        AND p.copy = coalesce(of_copy, (SELECT max(number) FROM timanh_copy.copies))
    ORDER BY found.score DESC, found.row_number
    LIMIT k
$$;

-- Takes a copy away; the next search of its dictionary makes it again.
CREATE FUNCTION timanh_copy.drop_copy(which integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE format('DROP FUNCTION IF EXISTS timanh_copy.search_copy_%s', which);
    EXECUTE format('DROP FUNCTION IF EXISTS timanh_copy.scan_copy_%s', which);
    EXECUTE format('DROP FUNCTION IF EXISTS timanh_copy.query_code_%s', which);
    EXECUTE format('DROP TABLE IF EXISTS timanh_copy.codes_%s', which);
    EXECUTE format('DROP TABLE IF EXISTS timanh_copy.axes_%s', which);
    EXECUTE format('DROP TABLE IF EXISTS timanh_copy.scan_%s', which);
    EXECUTE format('DROP TABLE IF EXISTS timanh_copy.pictures_%s', which);
    DELETE FROM timanh_copy.copies WHERE number = which;
END
$$;
