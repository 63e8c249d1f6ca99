-- The tables of the HNSW graph of copy COPY; they are filled before the graph is built.
CREATE TABLE timanh_copy.axes_COPY (
    number integer PRIMARY KEY,
    axis vector(DIM) NOT NULL
);
ALTER TABLE timanh_copy.axes_COPY ALTER COLUMN axis SET STORAGE PLAIN;

CREATE TABLE timanh_copy.codes_COPY (
    row_number bigint NOT NULL,
    code halfvec(WIDTH) NOT NULL
);
ALTER TABLE timanh_copy.codes_COPY ALTER COLUMN code SET STORAGE PLAIN;
