//! The server's own pages, embedded: the start page, the playground, the client library for pages.

use stadion_control_plane::SitePage;

/// Every page, by its path.
pub(crate) static PAGES: &[SitePage] = include!(concat!(env!("OUT_DIR"), "/site_pages.rs"));
