//! What a change does to a definition, so that it can be told from the table whether it was made.

/// The lines of `SHOW CREATE TABLE` that go (`-`) and that come (`+`). It is the same for a clone and
/// for its original: the table's name and those of constraints, which a clone has otherwise, are
/// left out, and so is all that stays. Empty if nothing but the order changes.
pub(crate) fn difference(before: &str, after: &str) -> String {
    let (mut gone, mut come) = (lines(before), lines(after));
    gone.retain(|line| match come.iter().position(|other| other == line) {
        Some(same) => {
            come.swap_remove(same);
            false
        }
        None => true,
    });
    come.sort();
    gone.sort();
    let gone = gone.iter().map(|line| format!("-{line}\n"));
    gone.chain(come.iter().map(|line| format!("+{line}\n"))).collect()
}

/// All but the first one, which has the name.
fn lines(definition: &str) -> Vec<String> {
    let rest = definition.lines().skip(1);
    rest.map(|line| unnamed(line.trim().trim_end_matches(','))).collect()
}

/// Without the name of a constraint.
fn unnamed(line: &str) -> String {
    parted(line).map_or_else(|| line.to_owned(), |(_, what)| format!("{CONSTRAINT}{what}"))
}

/// The name of the constraint that a line of `SHOW CREATE TABLE` is about.
pub(crate) fn constraint_name(line: &str) -> Option<String> {
    parted(line).map(|(name, _)| name.replace("``", "`"))
}

const CONSTRAINT: &str = "CONSTRAINT ";

/// The name as it is quoted, and what stands behind it.
fn parted(line: &str) -> Option<(&str, &str)> {
    let quoted = line.strip_prefix(CONSTRAINT)?.strip_prefix('`')?;
    // Quotes in the name are doubled.
    let end = quoted.replace("``", "  ").find("` ")?;
    Some((&quoted[..end], &quoted[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_differs_as_its_original_does() {
        let original = "CREATE TABLE `t` (\n  `a` int,\n  `b` int,\n  CONSTRAINT `own` CHECK ((`b` > 0)),\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `o` (`a`)\n) ENGINE=InnoDB DATA DIRECTORY='/d'";
        let altered = "CREATE TABLE `t` (\n  `a` int,\n  `c` int,\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `o` (`a`)\n) ENGINE=InnoDB DATA DIRECTORY='/d'";
        let clone = "CREATE TABLE `c` (\n  `a` int,\n  `b` int,\n  CONSTRAINT `c_chk``_1` CHECK ((`b` > 0))\n) ENGINE=InnoDB";
        let rehearsed = "CREATE TABLE `c` (\n  `a` int,\n  `c` int\n) ENGINE=InnoDB";
        let expected = "-CONSTRAINT CHECK ((`b` > 0))\n-`b` int\n+`c` int\n";
        assert_eq!(difference(clone, rehearsed), expected);
        assert_eq!(difference(original, altered), expected);
        assert_eq!(difference(original, original), "");
        assert_eq!(constraint_name("CONSTRAINT `c_chk``_1` CHECK (1)").unwrap(), "c_chk`_1");
        assert_eq!(constraint_name("`CONSTRAINT` int"), None);
    }
}
