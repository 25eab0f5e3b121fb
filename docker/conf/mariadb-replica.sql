-- Run once by the image when it makes a replica's data directory. Replication starts by itself
-- when the image then starts the real server. "source" is a name that compose.yml gives.
CHANGE MASTER TO MASTER_HOST = 'source', MASTER_USER = 'replica', MASTER_PASSWORD = 'replica',
  MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 2;
