-- Searching by words in titles, descriptions and captions, with diacritics and without.

CREATE FUNCTION without_marks(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(regexp_replace(normalize(lower(t), NFD), '[\u0300-\u036f]', '', 'g'), 'đ', 'd')
$$;
-- As written, and by their English stems, so that "dogs" finds "dog".
CREATE FUNCTION words_of(t text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple', normalize(t, NFC)) || to_tsvector('english', normalize(t, NFC))
$$;
CREATE FUNCTION words_wanted(t text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT websearch_to_tsquery('simple', normalize(t, NFC))
        || websearch_to_tsquery('english', normalize(t, NFC))
$$;

CREATE TABLE image_words (
    image_id uuid PRIMARY KEY REFERENCES post_images ON DELETE CASCADE,
    words tsvector NOT NULL,
    plain tsvector NOT NULL              -- without diacritics
);
CREATE INDEX image_words_words ON image_words USING gin (words);
CREATE INDEX image_words_plain ON image_words USING gin (plain);

CREATE FUNCTION refresh_words(ids uuid[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO image_words (image_id, words, plain)
    SELECT i.id,
        setweight(words_of(p.title), 'A') || setweight(words_of(p.description), 'C')
            || setweight(words_of(coalesce(c.texts, '')), 'B'),
        setweight(words_of(without_marks(p.title)), 'A')
            || setweight(words_of(without_marks(p.description)), 'C')
            || setweight(words_of(without_marks(coalesce(c.texts, ''))), 'B')
    FROM post_images AS i
    JOIN posts AS p ON p.id = i.post_id
    LEFT JOIN LATERAL (
        SELECT string_agg(text, E'\n') AS texts FROM captions WHERE image_id = i.id
    ) AS c ON true
    WHERE i.id = ANY (ids)
    ON CONFLICT (image_id) DO UPDATE SET words = excluded.words, plain = excluded.plain
$$;

CREATE FUNCTION refresh_words_of_row() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_TABLE_NAME = 'posts' THEN
        PERFORM refresh_words(ARRAY(SELECT id FROM post_images WHERE post_id = NEW.id));
    ELSIF TG_TABLE_NAME = 'post_images' THEN
        PERFORM refresh_words(ARRAY[NEW.id]);
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM refresh_words(ARRAY[OLD.image_id]);
    ELSE
        PERFORM refresh_words(ARRAY[NEW.image_id]);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refresh_words AFTER UPDATE OF title, description ON posts
    FOR EACH ROW EXECUTE FUNCTION refresh_words_of_row();
CREATE TRIGGER refresh_words AFTER INSERT ON post_images
    FOR EACH ROW EXECUTE FUNCTION refresh_words_of_row();
CREATE TRIGGER refresh_words AFTER INSERT OR UPDATE OR DELETE ON image_captions
    FOR EACH ROW EXECUTE FUNCTION refresh_words_of_row();

SELECT refresh_words(ARRAY(SELECT id FROM post_images));
