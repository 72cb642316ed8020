//! Migrations are embedded by a macro that Cargo does not see through: a new one makes the crate compile again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
