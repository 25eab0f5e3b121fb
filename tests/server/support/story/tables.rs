//! Tables that several rooms tell stories of.

use super::shape::{unique_number, unique_text};
use super::{Story, values};

impl Story {
    /// Numbered rows with a text, and a unique one.
    pub fn of_texts(self) -> Self {
        self.table(
            "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), u VARCHAR(20) UNIQUE",
            "",
        )
        .column("v", values::maybe(values::unicode()))
        .unique("u", unique_text)
    }

    /// Numbered rows with a word, a unique text and a unique number.
    pub fn of_words(self) -> Self {
        self.table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30), u VARCHAR(20) UNIQUE, \
             n INT UNIQUE",
            "",
        )
        .column("v", values::word())
        .unique("u", unique_text)
        .unique("n", unique_number)
    }
}
