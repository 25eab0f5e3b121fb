//! The twin test over shapes of tables, clauses, and ways of writing: whatever the application does
//! while a table is migrated, the table ends as if the server had altered it at rest.

mod clauses;
mod keys;
mod values;
mod writes;
