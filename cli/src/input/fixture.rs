//! A schema with something of everything, for tests.

use stadion_schema::{Describe, Schema, StaticField, StaticShape, StaticType, StaticVariant};

/// `In`: `Place(u8) | Resign | Move { x, y, dash } | Say(String) | Cards(Vec<Card>) | Raw([u8; 4])`.
/// `Out`: `()`. `View { total: u8, names: Vec<String>, turn: Option<u16> }`.
pub(crate) fn schema() -> Schema {
    const ROOTS: [&StaticType; 3] = [&IN, &StaticType::Unit, &VIEW];
    const SIZE: usize = stadion_schema::size(ROOTS);
    const BYTES: [u8; SIZE] = stadion_schema::build(ROOTS);
    Schema::parse(&BYTES).unwrap()
}

const fn variant(name: &'static str, shape: StaticShape) -> StaticVariant {
    StaticVariant { name, shape }
}

const CARD: StaticType =
    StaticType::Enum("Card", &[variant("Ace", StaticShape::Unit), variant("King", StaticShape::Unit)]);

const IN: StaticType = StaticType::Enum(
    "In",
    &[
        variant("Place", StaticShape::Newtype(u8::TYPE)),
        variant("Resign", StaticShape::Unit),
        variant(
            "Move",
            StaticShape::Named(&[
                StaticField { name: "x", ty: i16::TYPE },
                StaticField { name: "y", ty: i16::TYPE },
                StaticField { name: "dash", ty: <Option<bool>>::TYPE },
            ]),
        ),
        variant("Say", StaticShape::Newtype(String::TYPE)),
        variant("Cards", StaticShape::Newtype(&StaticType::Seq(&CARD))),
        variant("Raw", StaticShape::Newtype(<[u8; 4]>::TYPE)),
    ],
);

const VIEW: StaticType = StaticType::Struct(
    "View",
    StaticShape::Named(&[
        StaticField { name: "total", ty: u8::TYPE },
        StaticField { name: "names", ty: <Vec<String>>::TYPE },
        StaticField { name: "turn", ty: <Option<u16>>::TYPE },
    ]),
);
