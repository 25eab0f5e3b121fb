//! Lets the tests find the C library where `docker/libmariadb` has put it.
#![allow(clippy::print_stdout)] // so one speaks to cargo

fn main() {
    println!("cargo::rerun-if-env-changed=MYSQLCLIENT_LIB_DIR");
    if let Ok(folder) = std::env::var("MYSQLCLIENT_LIB_DIR") {
        // The kind of path that holds for what the library needs itself, too.
        println!("cargo::rustc-link-arg-tests=-Wl,--disable-new-dtags,-rpath,{folder}");
    }
}
