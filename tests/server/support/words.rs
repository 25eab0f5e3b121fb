//! MySQL's words for what both families of servers have.

use super::mysqld::Database;

impl Database {
    /// A statement in MySQL's words, in the words of this server.
    pub fn words(self, sql: &str) -> String {
        if self.is_mysql() {
            return sql.to_owned();
        }
        [
            // Neither pads.
            ("utf8mb4_0900_ai_ci", "utf8mb4_uca1400_nopad_ai_ci"),
            ("cte_max_recursion_depth", "max_recursive_iterations"),
            // The option of an index, not of a column: that comes in front of others.
            (") INVISIBLE", ") IGNORED"),
        ]
        .iter()
        .fold(sql.to_owned(), |sql, (mysql, mariadb)| sql.replace(mysql, mariadb))
    }
}
