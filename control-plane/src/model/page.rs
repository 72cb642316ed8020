//! Pages of long lists.

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// Everything after this place; `None`: from the beginning.
    pub after: Option<C>,
    /// At most this many items, at least 1.
    pub limit: u16,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Cuts a page from `items`, which were asked for with one more than `limit`: the extra one says that there is more.
    pub fn cut(mut items: Vec<T>, limit: u16, cursor: impl Fn(&T) -> C) -> Page<T, C> {
        let more = items.len() > usize::from(limit);
        items.truncate(usize::from(limit));
        let next = if more { items.last().map(cursor) } else { None };
        Page { items, next }
    }
}
