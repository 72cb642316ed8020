//! A session as a checkpoint keeps it: the guest's image and the host's state beside it, in one piece.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Session;
use super::image::{ImageError, SessionState};
use super::meter::StepBudget;
use crate::engine::LoadedVersion;
use crate::image::{Image, ImageArena};
use crate::model::Setup;

/// As bytes: postcard 1 in field order.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    state: SessionState,
    #[serde(borrow)]
    image: &'a [u8],
}

impl Session {
    /// Everything that [`Session::from_kept`] needs, taken between two calls. See [`Session::image`].
    pub fn keep(&mut self, arena: &mut ImageArena) -> Result<Vec<u8>, ImageError> {
        let state = self.state();
        let image = self.image(arena)?;
        let kept = Kept { state, image: image.as_bytes() };
        Ok(postcard::to_allocvec(&kept).expect("encoding into memory cannot fail for plain data"))
    }

    /// Goes on from what [`Session::keep`] gave, in a fresh instance of the same version.
    pub async fn from_kept(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        kept: &[u8],
        budget: StepBudget,
    ) -> Result<Session, ImageError> {
        let unfit = |what: &dyn std::fmt::Display| ImageError::Unfit(what.to_string());
        let (kept, rest): (Kept<'_>, _) = postcard::take_from_bytes(kept).map_err(|error| unfit(&error))?;
        if !rest.is_empty() {
            return Err(unfit(&"bytes follow it"));
        }
        let image = Image::parse(kept.image).map_err(|error| unfit(&error))?;
        Session::from_image(version, setup, &image, kept.state, budget).await
    }
}
