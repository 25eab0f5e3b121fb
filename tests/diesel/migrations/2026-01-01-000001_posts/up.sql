-- Nobody uses the table yet: it is altered plainly.
CREATE TABLE posts (
  id INT PRIMARY KEY AUTO_INCREMENT,
  title VARCHAR(100) NOT NULL,
  score INT NOT NULL DEFAULT 0
);
ALTER TABLE posts ADD COLUMN author VARCHAR(50) NULL COMMENT 'first; last';
INSERT INTO posts (title) VALUES ('one; ''two'''), ('-- three'), ('four');
INSERT INTO posts (title) SELECT a.title FROM posts a, posts b, posts c, posts d, posts e;
