-- Run once by the image when it makes a source's data directory.
CREATE USER replica@'%' IDENTIFIED BY 'replica';
GRANT REPLICATION SLAVE ON *.* TO replica@'%';
