-- Run once by the image when it makes a replica's data directory. Replication starts by itself
-- when the image then starts the real server. "source" is a name that compose.yml gives.
RESET BINARY LOGS AND GTIDS;
CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'source', SOURCE_USER = 'replica', SOURCE_PASSWORD = 'replica',
  SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_CONNECT_RETRY = 2;
