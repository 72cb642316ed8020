//! What `#[message]` writes: the derives, and the type's description as a constant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident};

use crate::derives::with_derives;

pub(crate) fn message(item: &DeriveInput) -> TokenStream {
    let (ident, with_derives) = (&item.ident, with_derives(item));
    let name = name_of(ident);
    let schema = quote!(::stadion_sdk::__private::schema);
    let description = match &item.data {
        Data::Struct(data) => {
            let shape = shape(&data.fields);
            quote!(#schema::StaticType::Struct(#name, #shape))
        }
        Data::Enum(data) => {
            let variants = data.variants.iter().map(|variant| {
                let (name, shape) = (name_of(&variant.ident), shape(&variant.fields));
                quote!(#schema::StaticVariant { name: #name, shape: #shape })
            });
            quote!(#schema::StaticType::Enum(#name, &[#(#variants),*]))
        }
        Data::Union(_) => TokenStream::new(),
    };
    quote! {
        #with_derives

        impl #schema::Describe for #ident {
            const TYPE: &'static #schema::StaticType = &#description;
        }
    }
}

fn shape(fields: &Fields) -> TokenStream {
    let schema = quote!(::stadion_sdk::__private::schema);
    let types = fields.iter().map(|field| {
        let ty = &field.ty;
        quote!(<#ty as #schema::Describe>::TYPE)
    });
    match fields {
        Fields::Unit => quote!(#schema::StaticShape::Unit),
        Fields::Unnamed(unnamed) if unnamed.unnamed.len() == 1 => quote!(#schema::StaticShape::Newtype(#(#types)*)),
        Fields::Unnamed(_) => quote!(#schema::StaticShape::Tuple(&[#(#types),*])),
        Fields::Named(named) => {
            let names = named.named.iter().filter_map(|field| field.ident.as_ref()).map(name_of);
            quote!(#schema::StaticShape::Named(&[#(#schema::StaticField { name: #names, ty: #types }),*]))
        }
    }
}

/// `r#type` is `type` in the schema.
fn name_of(ident: &Ident) -> String {
    ident.unraw().to_string()
}
