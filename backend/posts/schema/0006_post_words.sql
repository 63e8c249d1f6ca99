-- Posts without pictures are found by their words, too.

CREATE TABLE post_words (
    post_id uuid PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
    words tsvector NOT NULL,
    plain tsvector NOT NULL              -- without diacritics
);
CREATE INDEX post_words_words ON post_words USING gin (words);
CREATE INDEX post_words_plain ON post_words USING gin (plain);

CREATE FUNCTION refresh_post_words(ids uuid[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO post_words (post_id, words, plain)
    SELECT p.id,
        setweight(words_of(p.title), 'A') || setweight(words_of(p.description), 'C'),
        setweight(words_of(without_marks(p.title)), 'A')
            || setweight(words_of(without_marks(p.description)), 'C')
    FROM posts AS p
    WHERE p.id = ANY (ids)
    ON CONFLICT (post_id) DO UPDATE SET words = excluded.words, plain = excluded.plain
$$;
CREATE FUNCTION refresh_words_of_post() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM refresh_post_words(ARRAY[NEW.id]);
    RETURN NULL;
END
$$;
CREATE TRIGGER refresh_post_words AFTER INSERT OR UPDATE OF title, description ON posts
    FOR EACH ROW EXECUTE FUNCTION refresh_words_of_post();

SELECT refresh_post_words(ARRAY(SELECT id FROM posts));

-- The k pictures whose captions, title or description have the words, and posts without pictures
-- whose title or description has them, with an image_id of null; marks count, where they were
-- typed. “Quotes”, or and -minus are understood.
CREATE OR REPLACE FUNCTION search_words(query text, k integer DEFAULT 10)
RETURNS TABLE (image_id uuid, post_id uuid, rank real)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT found.image, found.post, found.place::real
    FROM (
        SELECT i.id AS image, i.post_id AS post, i.created,
            2 * ts_rank(w.words, words_wanted(query))
                + ts_rank(w.plain, words_wanted(without_marks(query))) AS place
        FROM image_words AS w JOIN images AS i ON i.id = w.image_id
        WHERE w.words @@ words_wanted(query) OR w.plain @@ words_wanted(without_marks(query))
        UNION ALL
        SELECT NULL, p.id, p.created,
            2 * ts_rank(w.words, words_wanted(query))
                + ts_rank(w.plain, words_wanted(without_marks(query)))
        FROM post_words AS w JOIN posts AS p ON p.id = w.post_id
        WHERE (w.words @@ words_wanted(query) OR w.plain @@ words_wanted(without_marks(query)))
            AND p.deleted IS NULL AND NOT EXISTS (SELECT FROM images AS i WHERE i.post_id = p.id)
    ) AS found
    ORDER BY found.place DESC, found.created DESC, found.image, found.post LIMIT k
$$;

-- As before; what is found without a picture has an image_id of null, and never a vector.
CREATE OR REPLACE FUNCTION search_posts(words text, query vector, k integer DEFAULT 10)
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
    SELECT image_id, coalesce(v.post_id, w.post_id) AS post,
        coalesce(1.0 / (60 + v.place), 0)::float8 + coalesce(1.0 / (60 + w.place), 0)::float8
            AS fused,
        v.score, w.post_id IS NOT NULL
    FROM by_vector AS v FULL JOIN by_word AS w USING (image_id)
    ORDER BY fused DESC, v.score DESC NULLS LAST, image_id, post LIMIT k
$$;
