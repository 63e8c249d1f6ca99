-- A model is switched to while people search and upload.

-- 'gone': a former model whose vectors are on their way out.
ALTER TABLE models DROP CONSTRAINT models_state_check;
ALTER TABLE models ADD CONSTRAINT models_state_check
    CHECK (state IN ('current', 'filling', 'former', 'gone'));

-- Switch to the model that was filling, once nothing is lost by it: every picture that is found by
-- the current one has its vector too, or cannot have one. Pictures that came meanwhile have neither
-- yet, and are not waited for: where people upload all the time, there is always one.
CREATE OR REPLACE FUNCTION switch_model() RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    print text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('timanh_posts.models'));
    SELECT fingerprint INTO print FROM models WHERE state = 'filling';
    IF print IS NULL OR EXISTS (
        SELECT FROM images AS i
        JOIN image_embeddings AS now ON now.image_id = i.id
        JOIN models AS m ON m.fingerprint = now.fingerprint AND m.state = 'current'
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
    UPDATE models SET state = 'gone' WHERE state = 'former';
    UPDATE models SET state = 'former' WHERE state = 'current';
    UPDATE models SET state = 'current' WHERE fingerprint = print;
    RETURN true;
END
$$;

-- Clear away some of what models left that are gone; whether there is more. The graph first, and
-- alone in its transaction: whoever drops it keeps everybody from searching until the end of it.
CREATE FUNCTION clear_models(most integer DEFAULT 2000) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    print text;
    graph text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('timanh_posts.models'));
    SELECT fingerprint INTO print FROM models WHERE state = 'gone' LIMIT 1;
    IF print IS NULL THEN
        RETURN false;
    END IF;
    graph := 'near_' || left(md5(print), 16);
    IF to_regclass(quote_ident(graph)) IS NOT NULL THEN
        -- Behind a long reader, such as a backup, searches would wait as well: rather later.
        PERFORM set_config('lock_timeout', '500ms', true);
        BEGIN
            EXECUTE format('DROP INDEX %I', graph);
        EXCEPTION WHEN lock_not_available THEN
            RETURN false;
        END;
        RETURN true;
    END IF;
    DELETE FROM image_embeddings WHERE fingerprint = print AND image_id IN (
        SELECT image_id FROM image_embeddings WHERE fingerprint = print LIMIT most
    );
    IF FOUND THEN
        RETURN true;
    END IF;
    DELETE FROM models WHERE fingerprint = print;
    RETURN false;
END
$$;
