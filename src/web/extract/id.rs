//! The `{id}` of a path.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::ids::{
    AssetId, AssetTypeId, CountSessionId, FloorId, ItemId, LotId, ModelId, OrderLineId, ParId,
    QuarantineId, ReaderId, RoomId, RoundId, StockPlaceId, SupplierId, SupplyOrderId, SynonymId,
    TagId, UnitId,
};
use crate::web::PageError;

/// The `{id}` of a path as the id of its table. Anything that is no number is a page that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct IdPath<T>(pub T);

macro_rules! id_path {
    ($($id:ident),+) => {$(
        impl FromRequest for IdPath<$id> {
            type Error = PageError;
            type Future = Ready<Result<Self, PageError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let id = request.match_info().get("id").and_then(|text| text.parse().ok());
                ready(id.map(|id| Self($id(id))).ok_or(PageError::NotFound))
            }
        }
    )+};
}

id_path!(
    AssetId,
    AssetTypeId,
    CountSessionId,
    FloorId,
    ItemId,
    LotId,
    ModelId,
    OrderLineId,
    ParId,
    QuarantineId,
    ReaderId,
    RoomId,
    RoundId,
    StockPlaceId,
    SupplierId,
    SupplyOrderId,
    SynonymId,
    TagId,
    UnitId
);
