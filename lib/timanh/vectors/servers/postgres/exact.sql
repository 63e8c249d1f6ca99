-- Searching copy COPY reads every vector.
CREATE OR REPLACE FUNCTION timanh_copy.search_copy_COPY(query vector, k integer)
RETURNS TABLE (row_number bigint, score double precision)
LANGUAGE sql STABLE AS $$
    SELECT row_number, score FROM timanh_copy.scan_copy_COPY(query, k)
$$;
