//! Enums are stored as text with a CHECK constraint: adding a value is then a plain migration.

/// Declares an enum whose values are stored as the given words.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$value_meta:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$value_meta])* $value),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The stored word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            /// The value stored as this word.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$value),)+ _ => None }
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg>>::from_sql(value)?;
                Self::from_text(&text).ok_or_else(|| format!("{} has no value {text:?}", stringify!($name)).into())
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(self.as_str(), out)
            }
        }
    };
}

text_enum! {
    /// What a reader or tag speaks.
    Technology {
        /// Bluetooth Low Energy beacons.
        Ble = "ble",
        /// Passive UHF RFID.
        Rfid = "rfid",
    }
}
text_enum! {
    /// Whether a reader's sightings are used (S-38).
    ReaderState {
        /// Shown but not used until an administrator approves it.
        Waiting = "waiting",
        /// Used.
        Active = "active",
        /// Turned off by an administrator.
        Disabled = "disabled",
    }
}
text_enum! {
    /// Stored status of an asset (domain section 5). "Ready" is computed from it (R2).
    AssetStatus {
        /// Nobody has it.
        Available = "available",
        /// With a patient.
        InUse = "in_use",
        /// To be cleaned.
        Soiled = "soiled",
        /// Being cleaned.
        Cleaning = "cleaning",
        /// With biomed.
        InRepair = "in_repair",
        /// Nobody knows where it is.
        Missing = "missing",
        /// Out of service for good.
        Retired = "retired",
    }
}
text_enum! {
    /// What a place rests on.
    PlaceBasis {
        /// Decided from many readings of a beacon.
        Beacon = "beacon",
        /// One reading at an RFID portal.
        Pass = "pass",
    }
}
text_enum! {
    /// What a signed-in person may do, at first one role each.
    Role {
        /// Finds and marks equipment.
        Nurse = "nurse",
        /// Looks after supplies.
        Supply = "supply",
        /// Looks after devices and their service.
        Biomed = "biomed",
        /// Looks after wardtrack.
        Admin = "admin",
    }
}
text_enum! {
    /// What happened to a row of quarantine.
    QuarantineState {
        /// Nothing yet.
        Kept = "kept",
        /// An administrator asked for it to be sent again.
        ReplayAsked = "replay_asked",
        /// Sent again under its own key.
        Replayed = "replayed",
    }
}
text_enum! {
    /// Whether a whole message or one sighting of it was refused.
    QuarantineScope {
        /// A message.
        Message = "message",
        /// One sighting.
        Sighting = "sighting",
    }
}
text_enum! {
    /// What a room is for; status rules hang on it (domain section 3).
    RoomKind {
        /// A patient's room.
        PatientRoom = "patient_room",
        /// Where patients are treated.
        PatientCareArea = "patient_care_area",
        /// Clean supplies and equipment.
        CleanUtility = "clean_utility",
        /// Used equipment waiting to be cleaned.
        SoiledUtility = "soiled_utility",
        /// Ready equipment.
        EquipmentStorage = "equipment_storage",
        /// Where equipment is cleaned.
        EquipmentRoom = "equipment_room",
        /// Supplies of a unit.
        SupplyRoom = "supply_room",
        /// Supplies of the hospital.
        CentralStore = "central_store",
        /// Where nurses work.
        NurseStation = "nurse_station",
        /// A corridor.
        Hallway = "hallway",
        /// Where devices are repaired.
        BiomedShop = "biomed_shop",
        /// Laundry.
        Laundry = "laundry",
        /// Waste.
        Waste = "waste",
        /// Dock.
        ShippingReceiving = "shipping_receiving",
        /// A way out of the building.
        Exit = "exit",
        /// An office.
        Office = "office",
        /// Technical rooms.
        Plant = "plant",
        /// Anything else.
        Other = "other",
    }
}
