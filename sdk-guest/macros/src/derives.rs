//! The derives that both attributes bring, without those that the author already has.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path, Token, punctuated::Punctuated};

/// The item with `Debug`, `Clone`, `PartialEq`, `Serialize` and `Deserialize`.
pub(crate) fn with_derives(item: &DeriveInput) -> TokenStream {
    let present = derived_by_author(item);
    let standard = [
        ("Debug", quote!(::core::fmt::Debug)),
        ("Clone", quote!(::core::clone::Clone)),
        ("PartialEq", quote!(::core::cmp::PartialEq)),
    ];
    let missing = standard.into_iter().filter(|(name, _)| !present.iter().any(|p| p == name)).map(|(_, path)| path);
    quote! {
        #[derive(
            #(#missing,)*
            ::stadion_sdk::__private::serde::Serialize,
            ::stadion_sdk::__private::serde::Deserialize
        )]
        #[serde(crate = "::stadion_sdk::__private::serde")]
        #item
    }
}

/// The last words of the paths in the `#[derive]`s below the attribute. Those above it cannot be seen.
fn derived_by_author(item: &DeriveInput) -> Vec<String> {
    let derives = item.attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let paths = derives.filter_map(|attr| attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok());
    paths.flatten().filter_map(|path| path.segments.last().map(|last| last.ident.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn what_the_author_derives_is_not_derived_twice() {
        let item: DeriveInput = parse_quote! { #[derive(Copy, PartialEq)] struct A; };
        let text = with_derives(&item).to_string();
        assert_eq!(text.matches("PartialEq").count(), 1, "{text}");
        assert!(text.contains("Debug") && text.contains("Clone"), "{text}");
    }
}
