-- A copy follows its dictionary: what an edit adds and removes is added and removed here. So the
-- copy says which rows it has; see timanh.vectors.servers.copied_rows. NULL in copies made before.
ALTER TABLE timanh_copy.copies ADD COLUMN copied jsonb;
COMMENT ON COLUMN timanh_copy.copies.state IS 'What it is a copy of; changes with each edit.';
COMMENT ON COLUMN timanh_copy.pictures.row_number IS
    'Stays as long as the picture does; rises as the rows of the dictionary do.';
