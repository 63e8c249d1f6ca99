-- Which database this is: a folder of pictures belongs to one, and what another does not know of
-- is no stray file.
CREATE TABLE this_database (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one)
);
INSERT INTO this_database DEFAULT VALUES;
