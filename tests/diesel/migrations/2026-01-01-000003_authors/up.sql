CREATE INDEX by_author ON posts (author);
-- zosc: off
ALTER TABLE posts COMMENT = 'made plainly';
