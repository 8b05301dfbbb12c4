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
    /// What an antenna is for.
    AntennaPurpose {
        /// It tells where tags are.
        Place = "place",
        /// Cards of empty bins hang before it.
        Board = "board",
        /// What passes it leaves the stock.
        Exit = "exit",
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
        /// A person said so.
        Scan = "scan",
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
    /// What sort of word a synonym is.
    SynonymKind {
        /// A maker's or trade name; it may stand for several types.
        Brand = "brand",
        /// What people on the wards say.
        Slang = "slang",
        /// Letters for words.
        Abbreviation = "abbreviation",
        /// Another name.
        Name = "name",
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

text_enum! {
    /// What was said about an asset (R12): by a person, or by a rule.
    AssetAct {
        /// Came into the register.
        Registered = "registered",
        /// Its data in the register changed.
        Edited = "edited",
        /// In use now.
        Took = "took",
        /// Back without having been used on a patient, or cleaned at the bedside (R9).
        Returned = "returned",
        /// To be cleaned.
        Soiled = "soiled",
        /// Cleaning has begun.
        Cleaning = "cleaning",
        /// Clean again.
        Cleaned = "cleaned",
        /// To be repaired.
        Broken = "broken",
        /// Repaired.
        Repaired = "repaired",
        /// Somebody looked and did not find it.
        NotHere = "not_here",
        /// Somebody found it.
        Found = "found",
        /// Nobody knows where it is (R10).
        Missing = "missing",
        /// A reader heard a missing one (R10).
        SeenAgain = "seen_again",
        /// Nobody may use it (R3).
        Held = "held",
        /// It may be used again (R3).
        Released = "released",
        /// Out of service for good.
        Retired = "retired",
        /// In service again.
        Restored = "restored",
        /// A tag was put on.
        TagOn = "tag_on",
        /// A tag was taken off.
        TagOff = "tag_off",
        /// An act was taken back.
        Undone = "undone",
    }
}
text_enum! {
    /// Why nobody may use an asset (R3).
    SafetyHold {
        /// The maker or a regulator called it back.
        Recall = "recall",
        /// It was part of an incident.
        Incident = "incident",
        /// It may carry an infection.
        Quarantine = "quarantine",
    }
}
text_enum! {
    /// What an asset is counted under: `ready` is R2 as far as its row knows (SQL function `asset_state`).
    CountState {
        /// Can be taken.
        Ready = "ready",
        /// On hold, or service is overdue.
        Held = "held",
        /// Available, but nobody knows where.
        Unplaced = "unplaced",
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
    }
}
text_enum! {
    /// What an alert is about.
    AlertKind {
        /// Fewer ready assets of a type in a room than its critical level (R8).
        EquipmentBelowCritical = "equipment_below_critical",
        /// A soiled, cleaning or broken asset in a clean room (R11).
        SoiledInCleanRoom = "soiled_in_clean_room",
        /// An asset that nobody has seen for its limit (R10).
        Missing = "missing",
        /// A reader that has missed its heartbeats.
        ReaderDown = "reader_down",
        /// Nothing of an item is available at a place that should hold it.
        Stockout = "stockout",
        /// The position of an item at a place is at or below its reorder point (R6).
        Reorder = "reorder",
        /// Both of two bins are empty.
        BothBinsEmpty = "both_bins_empty",
        /// A lot that expires soon, or has.
        Expiry = "expiry",
        /// A cabinet that is not heard.
        FeedSilent = "feed_silent",
        /// A bin holds less than nothing by the books, or a count was too far off.
        CountDiscrepancy = "count_discrepancy",
        /// Messages to a destination could not be delivered.
        NotDelivered = "not_delivered",
    }
}
text_enum! {
    /// What a destination of messages is.
    DestinationKind {
        /// A mail address.
        Mail = "mail",
        /// The web address of another program.
        Webhook = "webhook",
    }
}
text_enum! {
    /// What a message tells.
    MessageEvent {
        /// An alert began.
        Opened = "opened",
        /// It is back within ten minutes.
        Reopened = "reopened",
        /// It matters more than before.
        Raised = "raised",
        /// Nobody acknowledged it in time.
        Escalated = "escalated",
        /// Several alerts that could wait.
        Digest = "digest",
        /// An administrator tries it out.
        Test = "test",
    }
}
text_enum! {
    /// Where a message stands.
    MessageState {
        /// It is tried again.
        Waiting = "waiting",
        /// It arrived.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
    }
}
text_enum! {
    /// How much an alert matters.
    Severity {
        /// Look when there is time.
        Low = "low",
        /// Look today.
        Medium = "medium",
        /// Look soon.
        High = "high",
        /// Look now.
        Critical = "critical",
    }
}
text_enum! {
    /// What people did about an alert.
    AlertState {
        /// Nothing yet.
        Open = "open",
        /// Somebody has seen it.
        Acknowledged = "acknowledged",
        /// Done.
        Resolved = "resolved",
    }
}

text_enum! {
    /// What holds stock.
    StockPlaceKind {
        /// Bins in a room.
        Room = "room",
        /// Bins on wheels.
        Cart = "cart",
        /// Bins behind doors, with an RFID reader or without.
        Cabinet = "cabinet",
    }
}
text_enum! {
    /// Why stock changed.
    StockReason {
        /// A delivery was put away.
        Receive = "receive",
        /// Somebody took it to use it.
        Issue = "issue",
        /// Somebody brought it back unused.
        Return = "return",
        /// From one place to another.
        Transfer = "transfer",
        /// A person set it right.
        Adjust = "adjust",
        /// A count was posted.
        Count = "count",
        /// Thrown away.
        WriteOff = "write_off",
        /// Sent back to who delivered it.
        ReturnToSupplier = "return_to_supplier",
        /// A cabinet does not see it any more.
        CabinetTake = "cabinet_take",
        /// A cabinet sees it for the first time.
        CabinetPut = "cabinet_put",
        /// The card of an empty bin was read.
        EmptyBin = "empty_bin",
        /// A bin was filled again.
        Refill = "refill",
        /// It was read on its way out.
        Exit = "exit",
    }
}
text_enum! {
    /// Whether pieces of a lot may be used; expired is computed (R17).
    LotState {
        /// They may.
        Usable = "usable",
        /// Not until somebody has decided.
        Quarantined = "quarantined",
        /// The maker called them back (R18).
        Recalled = "recalled",
        /// They are broken.
        Damaged = "damaged",
    }
}
text_enum! {
    /// How far a count of stock is.
    CountStep {
        /// Its lines are being chosen.
        Draft = "draft",
        /// People count.
        Counting = "counting",
        /// Differences are looked at, and counted again.
        Review = "review",
        /// Differences are in the books.
        Posted = "posted",
        /// It was given up.
        Cancelled = "cancelled",
    }
}
text_enum! {
    /// Why something is counted.
    CountCause {
        /// Below zero by the books.
        Negative = "negative",
        /// The last count was off.
        Discrepancy = "discrepancy",
        /// Nothing is left by the books.
        Zero = "zero",
        /// Its day has come.
        Due = "due",
        /// A person wants it.
        Chosen = "chosen",
        /// It was found where it should not be.
        Unexpected = "unexpected",
    }
}
text_enum! {
    /// How exact counts of an item must be.
    CountClass {
        /// None may be missing.
        A = "a",
        /// Within 5 %.
        B = "b",
        /// Within 5 %, counted less often.
        C = "c",
    }
}
text_enum! {
    /// How the quantity of an order is found.
    StockMethod {
        /// Up to the target.
        ToPar = "to_par",
        /// Multiples of a fixed quantity.
        Fixed = "fixed",
    }
}
text_enum! {
    /// Which way an order goes to whole packs.
    Rounding {
        /// More than asked for.
        Up = "up",
        /// Less, but at least one pack.
        Down = "down",
        /// The nearer one, up from the middle, at least one pack.
        Nearest = "nearest",
    }
}
text_enum! {
    /// How far an order line is.
    OrderState {
        /// By the program; nothing happens until a person decides (R20).
        Suggested = "suggested",
        /// A person said yes.
        Approved = "approved",
        /// It went to the supplier.
        Sent = "sent",
        /// Some of it is here.
        PartReceived = "part_received",
        /// All of it is here, or the rest is given up.
        Received = "received",
        /// A person said no.
        Rejected = "rejected",
        /// Taken back after it was approved.
        Cancelled = "cancelled",
        /// No longer needed before anybody decided.
        Withdrawn = "withdrawn",
    }
}
text_enum! {
    /// What an order line came from.
    OrderCause {
        /// The position is at or below the reorder point.
        ReorderPoint = "reorder_point",
        /// The card of an empty bin was read.
        EmptyBin = "empty_bin",
        /// A person asked for it.
        Person = "person",
    }
}
