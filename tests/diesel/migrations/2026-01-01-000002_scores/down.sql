-- zosc: allow lossy-conversion
ALTER TABLE posts DROP COLUMN note, MODIFY score INT NOT NULL DEFAULT 0;
