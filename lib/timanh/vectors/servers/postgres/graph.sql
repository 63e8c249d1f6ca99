-- Searching copy COPY by an HNSW graph for texts, over short codes. DIM and WIDTH are numbers of
-- dimensions, EFFORT is how many candidates a search keeps, CANDIDATES how many of them the stored
-- vectors score again.

-- A query in the numbers of the codes, made long: see timanh.vectors.index.graph.
CREATE OR REPLACE FUNCTION timanh_copy.query_code_COPY(query vector) RETURNS halfvec
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT ARRAY(
        SELECT -(axis <#> query) FROM timanh_copy.axes_COPY ORDER BY number
    )::real[]::halfvec(WIDTH)
$$;

CREATE OR REPLACE FUNCTION timanh_copy.search_copy_COPY(query vector, k integer)
RETURNS TABLE (row_number bigint, score double precision)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET hnsw.ef_search = EFFORT
SET hnsw.iterative_scan = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
-- Planned once a connection: planning each search again took a quarter of its time.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    query_code halfvec(WIDTH) := timanh_copy.query_code_COPY(query);
BEGIN
    -- Only then: going on where a scan ended needs what it looked at kept, which takes time.
    IF 4 * k > EFFORT THEN
        PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true);
    END IF;
    RETURN QUERY
    SELECT p.row_number, -(p.embedding <#> query) AS score
    FROM (
        SELECT c.row_number FROM timanh_copy.codes_COPY AS c
        ORDER BY c.code <-> query_code LIMIT greatest(CANDIDATES, 4 * k)
    ) AS near
    JOIN timanh_copy.pictures_COPY AS p USING (row_number)
    ORDER BY score DESC, p.row_number
    LIMIT k;
END
$$;
