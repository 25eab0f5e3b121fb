//! Servers that follow another one.

use super::address::Address;
use super::mysqld::Mysqld;

/// Starts a replica of a server, which follows it from the beginning; its arguments give it an id.
pub async fn follow(source: &Address, by_gtid: bool, extra: &[&str]) -> Mysqld {
    let extra = [&["--log-slave-updates=ON"], extra].concat();
    let replica = Mysqld::start(source.database, &extra);
    let follow = if source.database.is_mariadb() {
        "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, \
         MASTER_USER = 'root', MASTER_CONNECT_RETRY = 5, MASTER_USE_GTID = slave_pos"
    } else if by_gtid {
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, \
         SOURCE_USER = 'root', SOURCE_CONNECT_RETRY = 5, SOURCE_AUTO_POSITION = 1"
    } else {
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, \
         SOURCE_USER = 'root', SOURCE_CONNECT_RETRY = 5, SOURCE_LOG_FILE = 'binlog.000001', SOURCE_LOG_POS = 4"
    };
    let follow = follow.replace("{port}", &source.port.to_string());
    let start = source.database.either("START REPLICA", "START SLAVE");
    Address::of(&replica).run(&[&follow, start]).await;
    replica
}
