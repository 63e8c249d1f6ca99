-- What anyone with psql can call.

-- The k pictures nearest to the vector of words or of a picture, best first; score is the cosine.
-- Every vector is compared: a graph of pictures finds only two thirds of what a text should. First
-- in half precision, then the best of them by the stored vectors.
CREATE FUNCTION search_images(query vector, k integer DEFAULT 10)
RETURNS TABLE (image_id uuid, post_id uuid, score double precision)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET jit = off AS $$
#variable_conflict use_column
DECLARE
    used models%ROWTYPE;
    hidden bigint;
BEGIN
    SELECT * INTO used FROM models WHERE state = 'current';
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF vector_dims(query) <> used.dim THEN
        RAISE EXCEPTION 'The vector has % numbers; those of % have %.',
            vector_dims(query), used.name, used.dim
            USING HINT = 'Make it with the same model: POST /api/ai/text-embedding.',
            ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT count(*) INTO hidden FROM hidden_images;
    RETURN QUERY
    SELECT i.id, i.post_id, -(e.embedding <#> query) AS score
    FROM (
        SELECT s.image_id FROM image_scan AS s
        WHERE s.fingerprint = used.fingerprint
        ORDER BY s.half <#> query::halfvec LIMIT 2 * k + 20 + hidden
    ) AS near
    JOIN image_embeddings AS e ON e.image_id = near.image_id AND e.fingerprint = used.fingerprint
    JOIN images AS i ON i.id = near.image_id
    ORDER BY score DESC, i.id
    LIMIT k;
END
$$;

-- The k pictures most like one, by the graph of its model; its own vector is looked up first.
CREATE FUNCTION similar_images(id uuid, k integer DEFAULT 10)
RETURNS TABLE (image_id uuid, post_id uuid, score double precision)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
SET hnsw.ef_search = 100 SET hnsw.iterative_scan = 'strict_order' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    own image_embeddings%ROWTYPE;
    hidden bigint;
BEGIN
    SELECT e.* INTO own FROM image_embeddings AS e JOIN models AS m USING (fingerprint)
    WHERE e.image_id = similar_images.id
    ORDER BY m.state = 'current' DESC, m.state = 'filling' DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT count(*) INTO hidden FROM hidden_images;
    RETURN QUERY EXECUTE format(
        'SELECT i.id, i.post_id, near.score FROM ('
        '    SELECT e.image_id, 1 - ((e.embedding::vector(%1$s)) <=> $1) AS score'
        '    FROM image_embeddings AS e WHERE e.fingerprint = %2$L'
        '    ORDER BY (e.embedding::vector(%1$s)) <=> $1 LIMIT $2'
        ') AS near JOIN images AS i ON i.id = near.image_id '
        'WHERE i.id <> $3 ORDER BY near.score DESC, i.id LIMIT $4',
        vector_dims(own.embedding), own.fingerprint
    ) USING own.embedding, k + 1 + hidden, own.image_id, k;
END
$$;

-- The k pictures whose captions, title or description have the words; marks count, where they
-- were typed. “Quotes”, or and -minus are understood.
CREATE FUNCTION search_words(query text, k integer DEFAULT 10)
RETURNS TABLE (image_id uuid, post_id uuid, rank real)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT i.id, i.post_id,
        2 * ts_rank(w.words, words_wanted(query))
            + ts_rank(w.plain, words_wanted(without_marks(query))) AS rank
    FROM image_words AS w JOIN images AS i ON i.id = w.image_id
    WHERE w.words @@ words_wanted(query) OR w.plain @@ words_wanted(without_marks(query))
    ORDER BY rank DESC, i.created DESC, i.id LIMIT k
$$;

-- Both together, by reciprocal rank fusion (Cormack et al. 2009): 1 / (60 + rank) of each list.
-- Either may be null.
CREATE FUNCTION search_posts(words text, query vector, k integer DEFAULT 10)
RETURNS TABLE (image_id uuid, post_id uuid, score double precision, cosine double precision,
    by_words boolean)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH by_vector AS (
        SELECT *, rank() OVER (ORDER BY v.score DESC) AS place
        FROM search_images(query, greatest(50, 2 * k)) AS v WHERE query IS NOT NULL
    ), by_word AS (
        SELECT *, rank() OVER (ORDER BY w.rank DESC) AS place
        FROM search_words(words, greatest(50, 2 * k)) AS w WHERE words IS NOT NULL
    )
    SELECT image_id, coalesce(v.post_id, w.post_id),
        coalesce(1.0 / (60 + v.place), 0)::float8 + coalesce(1.0 / (60 + w.place), 0)::float8
            AS fused,
        v.score, w.image_id IS NOT NULL
    FROM by_vector AS v FULL JOIN by_word AS w USING (image_id)
    ORDER BY fused DESC, v.score DESC NULLS LAST, image_id LIMIT k
$$;

-- For reports: each picture that is shown, in a row that a person can read.
CREATE VIEW overview AS
SELECT i.id, i.post_id, i.title, i.name, i.display_order, i.width, i.height, i.created,
    (SELECT string_agg(c.language || ': ' || c.text, E'\n' ORDER BY c.language)
        FROM captions AS c WHERE c.image_id = i.id) AS captions,
    EXISTS (SELECT FROM image_embeddings AS e JOIN models AS m USING (fingerprint)
        WHERE e.image_id = i.id AND m.state = 'current') AS embedded,
    (SELECT string_agg(f.task || ': ' || f.reason, E'\n' ORDER BY f.task)
        FROM image_failures AS f WHERE f.image_id = i.id AND f.final) AS failed
FROM images AS i;

-- How far each task is.
CREATE VIEW progress AS
SELECT 'embedding' AS task, m.name AS model, m.state, count(e.image_id) AS done,
    (SELECT count(*) FROM images) AS pictures
FROM models AS m
LEFT JOIN (image_embeddings AS e JOIN images AS i ON i.id = e.image_id)
    ON e.fingerprint = m.fingerprint
GROUP BY m.fingerprint
UNION ALL
SELECT 'captions in ' || c.language, max(c.model), 'current', count(*),
    (SELECT count(*) FROM images)
FROM captions AS c JOIN images AS i ON i.id = c.image_id GROUP BY c.language;
