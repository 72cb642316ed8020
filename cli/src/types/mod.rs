//! A game's schema as source text for those who write clients in other languages. Pure: a schema in, a text out.

mod names;
mod script;

pub(crate) use script::{Flavour, Source, write};

#[cfg(test)]
mod tests;
