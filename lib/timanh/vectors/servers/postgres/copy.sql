-- What one copy has of its own, once its pictures are there. COPY is its number, DIM the number of
-- dimensions. A scan reads half the bytes of the vectors, and nothing beside them.
CREATE TABLE timanh_copy.scan_COPY (
    row_number bigint PRIMARY KEY,
    half halfvec(DIM) NOT NULL
);
ALTER TABLE timanh_copy.scan_COPY ALTER COLUMN half SET STORAGE PLAIN;
INSERT INTO timanh_copy.scan_COPY
SELECT row_number, embedding::halfvec(DIM) FROM timanh_copy.pictures_COPY ORDER BY row_number;

-- The k pictures nearest to a vector: in half precision first, then by the stored vectors.
CREATE FUNCTION timanh_copy.scan_copy_COPY(query vector, k integer)
RETURNS TABLE (row_number bigint, score double precision)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT p.row_number, -(p.embedding <#> query) AS score
    FROM (
        SELECT s.row_number FROM timanh_copy.scan_COPY AS s
        ORDER BY s.half <#> query::halfvec(DIM) LIMIT 4 * k + 16
    ) AS near
    JOIN timanh_copy.pictures_COPY AS p USING (row_number)
    ORDER BY score DESC, p.row_number
    LIMIT k
$$;
