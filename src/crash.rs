//! The places where tests let the process die as `kill -9` would: before and after all that the
//! server or the journal is to remember. Without the feature `failpoints` there is nothing of them.

/// Ends the process if the test has asked for it, by `FAILPOINTS=<name>=return`.
macro_rules! crash_point {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name, |_| std::process::abort());
    };
}

pub(crate) use crash_point;
