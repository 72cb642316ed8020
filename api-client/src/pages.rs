//! Lists, entry by entry, whose pages are asked for as they are wanted.

use std::vec;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::{Items, Page};
use crate::call::Call;
use crate::error::Error;

/// Entries of a page: what every list gives at most.
const PAGE: usize = 200;
/// Pages that a list is followed for, unless told otherwise: a list that is longer is for machines, which say how much they want.
const MOST_PAGES: usize = 100;

/// The entries of a list, in its order.
pub struct Pages<T> {
    call: Call<Items<T>>,
    here: vec::IntoIter<T>,
    /// `None`: these were the last.
    next: Option<Next>,
    pages: usize,
}

enum Next {
    First,
    After(String),
}

impl<T: Serialize + DeserializeOwned> Call<Items<T>> {
    /// Every entry, page by page.
    pub fn pages(self) -> Pages<T> {
        Pages {
            call: self.query("limit", PAGE),
            here: Vec::new().into_iter(),
            next: Some(Next::First),
            pages: MOST_PAGES,
        }
    }

    /// The first entries, at most so many.
    pub async fn first(self, most: usize) -> Result<Vec<T>, Error> {
        let mut pages = self.pages();
        pages.call.set_query("limit", most.clamp(1, PAGE).to_string());
        pages.pages = usize::MAX;
        let mut items = Vec::new();
        while items.len() < most
            && let Some(item) = pages.next().await?
        {
            items.push(item);
        }
        Ok(items)
    }
}

impl<T: Serialize + DeserializeOwned> Pages<T> {
    /// The next entry; `None`: that was the last.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        loop {
            if let Some(item) = self.here.next() {
                return Ok(Some(item));
            }
            let Some(next) = self.next.take().filter(|_| self.pages > 0) else { return Ok(None) };
            self.pages -= 1;
            if let Next::After(cursor) = next {
                self.call.set_query("cursor", cursor);
            }
            let Page { items, next_cursor } = self.call.send().await?;
            // A page that brings nothing is the last, whatever it says: each round brings some, or ends it.
            self.next = next_cursor.filter(|_| !items.is_empty()).map(Next::After);
            self.here = items.into_iter();
        }
    }

    /// All that are left.
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await? {
            items.push(item);
        }
        Ok(items)
    }

    /// As a stream.
    pub fn stream(self) -> impl Stream<Item = Result<T, Error>> {
        try_unfold(self, |mut pages| async move { Ok(pages.next().await?.map(|item| (item, pages))) })
    }
}
