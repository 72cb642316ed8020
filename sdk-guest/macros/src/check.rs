//! What cannot be a message, with an error at the place where it stands.
//!
//! The bytes of a message are positional, so everything that would make them differ from the schema is refused.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Result};

/// Types that look harmless and are not.
const FORBIDDEN: [(&str, &str); 7] = [
    ("usize", "its size differs between machines; use u32 or u64"),
    ("isize", "its size differs between machines; use i32 or i64"),
    ("u128", "most client languages have no such number; use u64 or [u8; 16]"),
    ("i128", "most client languages have no such number; use i64 or [u8; 16]"),
    ("HashMap", "its order differs between runs; use BTreeMap"),
    ("HashSet", "its order differs between runs; use BTreeSet"),
    ("Instant", "it means nothing on another machine; send a Duration of match time"),
];

/// Refuses items whose encoding the schema could not tell.
pub(crate) fn message(item: &DeriveInput) -> Result<()> {
    no_codec_attributes(&item.attrs)?;
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(&item.generics, "a message cannot be generic: its schema has one name"));
    }
    match &item.data {
        Data::Struct(data) => fields(&item.ident, &data.fields),
        Data::Enum(data) => data.variants.iter().try_for_each(|variant| {
            no_codec_attributes(&variant.attrs)?;
            if let Some((_, number)) = &variant.discriminant {
                return Err(Error::new_spanned(
                    number,
                    "a message's variants are numbered by their order; new ones go to the end",
                ));
            }
            fields(&item.ident, &variant.fields)
        }),
        Data::Union(data) => Err(Error::new_spanned(data.union_token, "a union cannot be a message")),
    }
}

fn fields(item: &Ident, fields: &Fields) -> Result<()> {
    fields.iter().try_for_each(|field| {
        no_codec_attributes(&field.attrs)?;
        names(item, field.ty.to_token_stream())
    })
}

fn no_codec_attributes(attrs: &[Attribute]) -> Result<()> {
    let codec = attrs.iter().find(|attr| attr.path().is_ident("serde") || attr.path().is_ident("postcard"));
    match codec {
        Some(attr) => Err(Error::new_spanned(
            attr,
            "a message takes no serde or postcard attributes: its bytes would differ from its schema",
        )),
        None => Ok(()),
    }
}

/// Looks at every name in a field's type.
fn names(item: &Ident, ty: TokenStream) -> Result<()> {
    let mut after_path = false;
    for token in ty {
        match &token {
            TokenTree::Group(group) => names(item, group.stream())?,
            TokenTree::Ident(ident) if ident == "Self" || (ident == item && !after_path) => {
                return Err(Error::new(
                    ident.span(),
                    "a message cannot contain itself, not even in a Box or Vec: use indices into a list",
                ));
            }
            TokenTree::Ident(ident) => {
                if let Some((name, why)) = FORBIDDEN.iter().find(|(name, _)| ident == name) {
                    return Err(Error::new(ident.span(), format!("`{name}` cannot be in a message: {why}")));
                }
            }
            _ => {}
        }
        after_path = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn refusal(item: &DeriveInput) -> String {
        message(item).expect_err("this item is to be refused").to_string()
    }

    #[test]
    fn what_the_schema_cannot_tell_is_refused() {
        let cases: [(DeriveInput, &str); 12] = [
            (parse_quote! { #[serde(rename = "B")] struct A; }, "attributes"),
            (parse_quote! { struct A { #[serde(skip)] b: u8 } }, "attributes"),
            (parse_quote! { struct A(#[postcard(bound = "")] u8); }, "attributes"),
            (parse_quote! { enum A { #[serde(other)] B } }, "attributes"),
            (parse_quote! { struct A<T>(T); }, "generic"),
            (parse_quote! { struct A<'a>(&'a str); }, "generic"),
            (parse_quote! { enum A { B = 3 } }, "numbered by their order"),
            (parse_quote! { union A { b: u8 } }, "union"),
            (parse_quote! { struct A { b: Vec<(u8, usize)> } }, "`usize` cannot"),
            (parse_quote! { enum A { B([u128; 2]) } }, "`u128` cannot"),
            (parse_quote! { struct A { b: std::collections::HashMap<u8, u8> } }, "BTreeMap"),
            (parse_quote! { enum A { B(Box<A>), C } }, "contain itself"),
        ];
        for (item, why) in cases {
            let refusal = refusal(&item);
            assert!(refusal.contains(why), "{refusal:?} does not say {why:?}");
        }
    }

    #[test]
    fn ordinary_messages_are_accepted() {
        let cases: [DeriveInput; 4] = [
            parse_quote! { struct View { cells: [Option<Seat>; 9], turn: Seat } },
            parse_quote! { enum In { Place(u8), Resign, Say { text: String } } },
            parse_quote! { struct View { inner: other::View } },
            parse_quote! { #[derive(Copy)] struct Point(i16, i16); },
        ];
        for item in cases {
            message(&item).expect("nothing is wrong with it");
        }
    }
}
