//! The attributes of `stadion-sdk`. Use them through that crate, which documents them; the paths in what they write
//! start at `::stadion_sdk`.

mod check;
mod derives;
mod describe;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct or enum a message: see `stadion_sdk::message`.
#[proc_macro_attribute]
pub fn message(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&args.into(), check::message(&item).map(|()| describe::message(&item)))
}

/// Makes a struct or enum savable: see `stadion_sdk::state`.
#[proc_macro_attribute]
pub fn state(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&args.into(), Ok(derives::with_derives(&item)))
}

fn expand(args: &proc_macro2::TokenStream, expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    let expanded = match args.is_empty() {
        true => expanded,
        false => Err(syn::Error::new_spanned(args, "this attribute takes no arguments")),
    };
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
