-- A captioner that wrote nothing has a code of its own: the one before says of a request that it
-- lacks a caption.
UPDATE image_failures SET code = 'wrote-nothing' WHERE task = 'captions' AND code = 'no-caption';
