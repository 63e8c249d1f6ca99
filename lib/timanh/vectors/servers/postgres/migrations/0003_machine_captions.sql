-- What machines wrote, beside what people did: [{"text", "language", "captioner", "fingerprint"}].
-- NULL in rows that were copied before; those of an edited picture are copied again.
ALTER TABLE timanh_copy.pictures ADD COLUMN machine_captions jsonb;
COMMENT ON COLUMN timanh_copy.pictures.captions IS
    'What people wrote: of the caption files, or a correction in their place.';
COMMENT ON COLUMN timanh_copy.pictures.machine_captions IS
    'What machines wrote, one sentence a language; NULL where it was not copied.';
