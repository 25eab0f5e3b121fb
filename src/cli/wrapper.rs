//! `zosc wrapper`: what calls zosc from elsewhere, kept with the zosc that it calls.

use super::args::{WrapperArguments, WrapperOf};
use crate::report;

/// One self-contained file, to be put into `lib/`.
const RAILS: &[u8] = include_bytes!("../wrapper/rails.rb");

/// Prints the file; gives the exit code.
pub(crate) fn execute(arguments: &WrapperArguments) -> u8 {
    report::document(match arguments.of {
        WrapperOf::Rails => RAILS,
    })
}
