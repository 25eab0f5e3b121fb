-- In a transaction of Diesel's the first statement would lock out the second.
UPDATE posts SET score = 7 WHERE id % 2 = 0;
ALTER TABLE posts MODIFY score BIGINT NOT NULL DEFAULT 0, ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT 'a;b';
UPDATE posts SET note = 'seen' WHERE score = 7;
