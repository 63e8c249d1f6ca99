-- Posts, their pictures, and what is known of each picture. Rows are the truth; the queue of jobs
-- is a hint, made again from what is missing here.

CREATE TABLE posts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    version integer NOT NULL DEFAULT 1,  -- grows with every change, pictures included
    deleted timestamptz                  -- taken back by undo, or gone for good after a while
);
CREATE INDEX posts_newest ON posts (created DESC, id DESC) WHERE deleted IS NULL;
CREATE INDEX posts_deleted ON posts (deleted) WHERE deleted IS NOT NULL;

CREATE TABLE post_images (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    post_id uuid NOT NULL REFERENCES posts ON DELETE CASCADE,
    image_url text NOT NULL,             -- on this backend
    image_path text NOT NULL UNIQUE,     -- in the folder of pictures
    name text NOT NULL DEFAULT '',       -- of the file that was sent
    display_order integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted timestamptz
);
CREATE INDEX post_images_of_post ON post_images (post_id, display_order);
CREATE INDEX post_images_by_content ON post_images (sha256);
CREATE INDEX post_images_deleted ON post_images (deleted) WHERE deleted IS NOT NULL;

-- Encoders that made vectors. Searches use the current one; another fills its vectors in beside,
-- and becomes the current one when none is missing.
CREATE TABLE models (
    fingerprint text PRIMARY KEY CHECK (fingerprint ~ '^[0-9A-Za-z_-]{1,64}$'),
    name text NOT NULL,
    dim integer NOT NULL CHECK (dim BETWEEN 1 AND 2000),
    state text NOT NULL CHECK (state IN ('current', 'filling', 'former')),
    seen timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX models_one_current ON models ((true)) WHERE state = 'current';
CREATE UNIQUE INDEX models_one_filling ON models ((true)) WHERE state = 'filling';

CREATE TABLE image_embeddings (
    image_id uuid NOT NULL REFERENCES post_images ON DELETE CASCADE,
    fingerprint text NOT NULL REFERENCES models ON DELETE CASCADE,
    embedding vector NOT NULL,           -- of unit length
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (image_id, fingerprint)
);

-- What a scan for words reads: half the bytes, and nothing beside them.
CREATE TABLE image_scan (
    fingerprint text NOT NULL,
    image_id uuid NOT NULL,
    half halfvec NOT NULL,
    PRIMARY KEY (fingerprint, image_id),
    FOREIGN KEY (image_id, fingerprint) REFERENCES image_embeddings ON DELETE CASCADE
);
CREATE INDEX image_scan_of_image ON image_scan (image_id, fingerprint);
ALTER TABLE image_scan ALTER COLUMN half SET STORAGE PLAIN;

CREATE FUNCTION keep_for_scan() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO image_scan (fingerprint, image_id, half)
    VALUES (NEW.fingerprint, NEW.image_id, NEW.embedding::halfvec)
    ON CONFLICT (fingerprint, image_id) DO UPDATE SET half = excluded.half;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_for_scan AFTER INSERT OR UPDATE ON image_embeddings
    FOR EACH ROW EXECUTE FUNCTION keep_for_scan();

CREATE TABLE image_captions (
    image_id uuid NOT NULL REFERENCES post_images ON DELETE CASCADE,
    language text NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
    source text NOT NULL CHECK (source IN ('human', 'machine')),
    text text NOT NULL CHECK (text <> ''),
    model text,                          -- the captioner; of a person's caption none
    fingerprint text,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (image_id, language, source)
);

-- Why a task could not be done for a picture. Final ones are not tried again without being asked.
CREATE TABLE image_failures (
    image_id uuid NOT NULL REFERENCES post_images ON DELETE CASCADE,
    task text NOT NULL CHECK (task IN ('embedding', 'captions')),
    code text NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    final boolean NOT NULL,
    next_try timestamptz,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (image_id, task)
);

-- Each caption that counts: a person's where there is one, else the machine's.
CREATE VIEW captions AS
SELECT DISTINCT ON (image_id, language) image_id, language, text, source, model, created
FROM image_captions ORDER BY image_id, language, source;

-- Pictures that are shown: neither they nor their post were deleted.
CREATE VIEW images AS
SELECT i.*, p.title, p.description
FROM post_images AS i JOIN posts AS p ON p.id = i.post_id
WHERE i.deleted IS NULL AND p.deleted IS NULL;

CREATE VIEW hidden_images AS
SELECT id FROM post_images WHERE deleted IS NOT NULL
UNION
SELECT i.id FROM posts AS p JOIN post_images AS i ON i.post_id = p.id WHERE p.deleted IS NOT NULL;

-- Say which encoder the AI service has. Returns its state.
CREATE FUNCTION use_model(print text, model_name text, numbers integer) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    known models%ROWTYPE;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('timanh_posts.models'));
    SELECT * INTO known FROM models WHERE fingerprint = print;
    IF known.state = 'filling' THEN
        RETURN known.state;
    END IF;
    UPDATE models SET state = 'former' WHERE state = 'filling';
    IF known.state = 'current' THEN
        RETURN known.state;
    END IF;
    INSERT INTO models (fingerprint, name, dim, state) VALUES (
        print, model_name, numbers,
        CASE WHEN EXISTS (SELECT FROM models WHERE state = 'current') THEN 'filling'
        ELSE 'current' END
    ) ON CONFLICT (fingerprint) DO UPDATE SET state = excluded.state, seen = clock_timestamp()
    RETURNING state INTO known.state;
    -- For likeness: a graph of this model's vectors alone.
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS %I ON image_embeddings USING hnsw '
        '((embedding::vector(%s)) vector_cosine_ops) WHERE fingerprint = %L',
        'near_' || left(md5(print), 16), numbers, print
    );
    RETURN known.state;
END
$$;

-- Switch to the model that was filling, once it has a vector of every picture that can be read.
CREATE FUNCTION switch_model() RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    print text;
    gone text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('timanh_posts.models'));
    SELECT fingerprint INTO print FROM models WHERE state = 'filling';
    IF print IS NULL OR EXISTS (
        SELECT FROM images AS i
        WHERE NOT EXISTS (
            SELECT FROM image_embeddings AS e WHERE e.image_id = i.id AND e.fingerprint = print
        ) AND NOT EXISTS (
            SELECT FROM image_failures AS f
            WHERE f.image_id = i.id AND f.task = 'embedding' AND f.final
        )
    ) THEN
        RETURN false;
    END IF;
    -- Of the models before, only the one that is left now keeps its vectors.
    FOR gone IN SELECT fingerprint FROM models WHERE state = 'former' LOOP
        EXECUTE format('DROP INDEX IF EXISTS %I', 'near_' || left(md5(gone), 16));
        DELETE FROM models WHERE fingerprint = gone;
    END LOOP;
    UPDATE models SET state = 'former' WHERE state = 'current';
    UPDATE models SET state = 'current' WHERE fingerprint = print;
    RETURN true;
END
$$;

-- Pictures without a vector of this model, and those without a caption in one of the languages,
-- that may be tried now; the oldest first.
CREATE FUNCTION missing_embeddings(print text) RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT i.id FROM images AS i
    WHERE NOT EXISTS (
        SELECT FROM image_embeddings AS e WHERE e.image_id = i.id AND e.fingerprint = print
    ) AND NOT EXISTS (
        SELECT FROM image_failures AS f WHERE f.image_id = i.id AND f.task = 'embedding'
            AND (f.final OR f.next_try > clock_timestamp())
    )
    ORDER BY i.created
$$;
CREATE FUNCTION missing_captions(languages text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT i.id FROM images AS i
    WHERE EXISTS (
        SELECT FROM unnest(languages) AS wanted (language) WHERE NOT EXISTS (
            SELECT FROM image_captions AS c
            WHERE c.image_id = i.id AND c.language = wanted.language
        )
    ) AND NOT EXISTS (
        SELECT FROM image_failures AS f WHERE f.image_id = i.id AND f.task = 'captions'
            AND (f.final OR f.next_try > clock_timestamp())
    )
    ORDER BY i.created
$$;
