//! The book, the README and what they promise: their commands work, their links lead somewhere, and
//! their lists are whole.
//!
//! A block of `sh` is run, in the order of its page and with what the blocks before have exported. The
//! words behind `sh` are those of `asked`: `exit=3`, `background`, `ended`, `anew`, or
//! `not-run: REASON`, which is pinned. A block of `text` right behind one shows lines that it prints,
//! `…` for anything; a block of `ini` is an option file.

mod asked;
mod book;
mod commands;
mod ground;
mod links;
mod messages;
mod page;
mod permissions;
mod pinned;
mod shown;
