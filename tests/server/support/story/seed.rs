//! The two tables at the beginning.

use std::sync::Arc;

use mysql_async::Conn;

use super::GAP;
use super::book::Book;
use super::compare::Table;
use super::play::run;
use super::shape::Shape;
use super::statement::{Assignments, Statement};
use super::values::Rng;

/// What to begin with.
pub struct Seed<'a> {
    /// What follows the table's name in `CREATE TABLE`.
    pub table: &'a str,
    pub rows: u64,
    pub writers: usize,
}

impl Seed<'_> {
    /// Makes and fills both alike; what each writer knows of them.
    pub async fn sow(&self, conn: &mut Conn, tables: [&Table; 2], shape: &Arc<Shape>) -> Vec<Book> {
        for table in tables {
            let schema = &table.schema;
            run(conn, &format!("DROP DATABASE IF EXISTS `{schema}`")).await;
            run(conn, &format!("CREATE DATABASE `{schema}` CHARACTER SET utf8mb4")).await;
            run(conn, &format!("CREATE TABLE {} {}", table.sql(), self.table)).await;
        }
        let (books, rows) = self.rows(shape);
        for some in rows.chunks(500) {
            let insert = Statement::Insert(some.to_vec());
            for table in tables {
                run(conn, &insert.sql(&table.sql(), &shape.key, &shape.era, false)).await;
            }
        }
        for table in tables {
            // A server that thinks the table empty scans it for an update of some rows, and locks all
            // rows: the writers would be each other's deadlock victims.
            run(conn, &format!("ANALYZE TABLE {}", table.sql())).await;
        }
        books
    }

    fn rows(&self, shape: &Arc<Shape>) -> (Vec<Book>, Vec<Assignments>) {
        // Even a table that is empty at first has room for keys that the writers choose.
        // What lies above the last row is the server's to assign.
        let slots = (self.rows.max(500) - 1) * GAP + 1;
        let book = |writer| Book::new(writer, self.writers, Arc::clone(shape), slots);
        let mut books: Vec<Book> = (0..self.writers).map(book).collect();
        let mut random = Rng::with_seed(7);
        let mut rows: Vec<Assignments> = Vec::new();
        for slot in (0..self.rows).map(|row| row * GAP) {
            let owner = usize::try_from(slot).unwrap() % self.writers;
            rows.push(books[owner].make_with_key(slot, &mut random));
        }
        if !shape.uniques.is_empty() {
            rows.extend((0..=self.writers).map(|writer| guard(shape, writer, slots, &mut random)));
        }
        (books, rows)
    }
}

/// A row that nobody touches, between the unique values of two writers: it keeps their gap locks
/// apart.
fn guard(shape: &Arc<Shape>, writer: usize, slots: u64, random: &mut Rng) -> Assignments {
    let mut book = Book::new(255, 1, Arc::clone(shape), slots);
    let mut row = book.make_with_key(slots + writer as u64, random);
    for unique in &shape.uniques {
        for (column, value) in &mut row {
            if *column == unique.column {
                *value = (unique.spell)(writer, 0);
            }
        }
    }
    row
}
