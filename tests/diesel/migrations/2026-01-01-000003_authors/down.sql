ALTER TABLE posts COMMENT = '';
DROP INDEX by_author ON posts;
