//! Settings of the room engine and the constants that follow from them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Settings of the room engine; the defaults were chosen on public recordings of four sites.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Length of a slot of event time.
    pub slot_ms: i64,
    /// Scale of the loudness-weighted mean: 10 is the milliwatt mean, smaller hugs the peaks more.
    pub lam_db: f64,
    /// Memory of a level for dense beacons.
    pub tau_ms: f64,
    /// Largest share by which one packet moves a level.
    pub a1: f64,
    /// Level of "not heard".
    pub floor_dbm: f64,
    /// A reader that did not hear a tag for this long is ignored for it.
    pub active_ms: i64,
    /// Evidence in nats per dB and second.
    pub slope: f64,
    /// Slots for which a packet after a long pause counts at most.
    pub max_gap_slots: u32,
    /// Rate of leaving a room, per second.
    pub leave_per_s: f64,
    /// Belief that a room needs before it is reported.
    pub theta: f64,
    /// A slot stays open until the tag was heard this long after its end.
    pub lateness_ms: i64,
    /// A sighting older than the tag's newest by more than this is dropped.
    pub late_limit_ms: i64,
    /// Slots that must close after a restart, or after a room's readers came back, before the reported room may change.
    pub warm_slots: u32,
    /// A reader that said nothing at all for this long is silent: that it did not hear a tag means nothing.
    pub reader_silent_ms: i64,
    /// A reader that said nothing at all for this long is down: three heartbeats of 30 s (I-9a).
    pub reader_down_ms: i64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            slot_ms: 500,
            lam_db: 8.0,
            tau_ms: 700.0,
            a1: 0.5,
            floor_dbm: -110.0,
            active_ms: 300_000,
            slope: 0.5,
            max_gap_slots: 6,
            leave_per_s: 0.05,
            theta: 0.95,
            lateness_ms: 1_000,
            late_limit_ms: 5_000,
            warm_slots: 3,
            reader_silent_ms: 2_000,
            reader_down_ms: 90_000,
        }
    }
}

impl EngineConfig {
    /// Reacts sooner at doors that are crossed every half minute, at two to six times the false changes elsewhere.
    #[must_use]
    pub fn responsive() -> Self {
        Self {
            slope: 1.0,
            theta: 0.8,
            leave_per_s: 0.1,
            ..Self::default()
        }
    }

    /// Fewest false changes; 1 to 4 points less accurate.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            slope: 0.3,
            leave_per_s: 0.02,
            ..Self::default()
        }
    }

    /// Checks every value and derives what the engine computes with.
    ///
    /// # Errors
    /// The first value that is out of range, with its name and the range.
    pub fn build(self) -> Result<Engine, ConfigError> {
        check_i64("slot_ms", self.slot_ms, 50, 60_000)?;
        check_f64("lam_db", self.lam_db, 1.0, 40.0)?;
        check_f64("tau_ms", self.tau_ms, 1.0, 3_600_000.0)?;
        check_f64("a1", self.a1, 0.01, 1.0)?;
        check_f64("floor_dbm", self.floor_dbm, -150.0, -50.0)?;
        check_i64("active_ms", self.active_ms, self.slot_ms, 86_400_000)?;
        check_f64("slope", self.slope, 0.001, 10.0)?;
        check_i64("max_gap_slots", i64::from(self.max_gap_slots), 1, 10_000)?;
        check_f64("leave_per_s", self.leave_per_s, 0.0, 10.0)?;
        check_f64("theta", self.theta, 0.5, 0.999_999)?;
        check_i64("lateness_ms", self.lateness_ms, 0, 60_000)?;
        check_i64(
            "late_limit_ms",
            self.late_limit_ms,
            self.lateness_ms,
            3_600_000,
        )?;
        check_i64("warm_slots", i64::from(self.warm_slots), 0, 1_000)?;
        check_i64(
            "reader_silent_ms",
            self.reader_silent_ms,
            self.slot_ms,
            3_600_000,
        )?;
        check_i64(
            "reader_down_ms",
            self.reader_down_ms,
            self.reader_silent_ms,
            86_400_000,
        )?;
        Ok(Engine::derive(self))
    }
}

fn check_i64(field: &'static str, value: i64, min: i64, max: i64) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError {
        field,
        value: value.to_string(),
        min: min.to_string(),
        max: max.to_string(),
    })
}

fn check_f64(field: &'static str, value: f64, min: f64, max: f64) -> Result<(), ConfigError> {
    // NaN is in no range, so it is refused too.
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError {
        field,
        value: value.to_string(),
        min: min.to_string(),
        max: max.to_string(),
    })
}

/// A setting of the engine that is out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the setting.
    pub field: &'static str,
    value: String,
    min: String,
    max: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            min,
            max,
        } = self;
        write!(
            f,
            "location setting {field} is {value}: choose a value from {min} to {max}"
        )
    }
}

impl std::error::Error for ConfigError {}

/// Checked settings with the constants derived from them; made by [`EngineConfig::build`].
#[derive(Clone, Debug)]
pub struct Engine {
    config: EngineConfig,
    /// exp(rssi * this) = 10^(rssi / lam).
    ln_power_per_db: f64,
    floor_power: f64,
    /// Probability of leaving the room within one slot.
    pub(super) leave_q: f64,
    /// Slots of memory: slot length over tau.
    slots_per_tau: f64,
    /// Evidence of one slot as an exponent of the ratio of two powers.
    exponent_per_slot: f64,
}

impl Default for Engine {
    fn default() -> Self {
        Engine::derive(EngineConfig::default())
    }
}

impl Engine {
    fn derive(config: EngineConfig) -> Self {
        let slot_ms = f64::from(i32::try_from(config.slot_ms).unwrap_or(i32::MAX));
        let ln_power_per_db = std::f64::consts::LN_10 / config.lam_db;
        Self {
            config,
            ln_power_per_db,
            floor_power: (config.floor_dbm * ln_power_per_db).exp(),
            leave_q: 1.0 - (-config.leave_per_s * slot_ms / 1_000.0).exp(),
            slots_per_tau: slot_ms / config.tau_ms,
            exponent_per_slot: slot_ms / 1_000.0 * config.slope / ln_power_per_db,
        }
    }

    /// The settings this engine was built from.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Index of the slot that holds `t_ms`.
    pub(super) fn slot_of(&self, t_ms: i64) -> i64 {
        t_ms.div_euclid(self.config.slot_ms)
    }

    /// First millisecond after `slot`.
    pub(super) fn slot_end_ms(&self, slot: i64) -> i64 {
        slot.saturating_add(1).saturating_mul(self.config.slot_ms)
    }

    /// 10^(rssi / lam): what levels are averaged in, so that a loud packet counts more than a fade.
    pub(super) fn power(&self, rssi_dbm: f32) -> f64 {
        (f64::from(rssi_dbm) * self.ln_power_per_db).exp()
    }

    /// A power as level in dB, never below the floor.
    pub(super) fn level_dbm(&self, power: f64) -> f64 {
        self.at_least_floor(power).ln() / self.ln_power_per_db
    }

    /// `power`, or that of the floor when it is less.
    pub(super) fn at_least_floor(&self, power: f64) -> f64 {
        power.max(self.floor_power)
    }

    /// The share `a` by which a slot moves the levels: limited by time for dense beacons, by packets for slow ones.
    pub(super) fn share(&self, gap_slots: u32, packets: u32) -> f64 {
        let by_time = 1.0 - (-self.slots_per_tau * f64::from(gap_slots)).exp();
        let by_packets =
            1.0 - (1.0 - self.config.a1).powi(i32::try_from(packets).unwrap_or(i32::MAX));
        by_time.min(by_packets)
    }

    /// Exponent of a ratio of powers that gives the ratio of likelihoods: `exp(w * slope * (S_r - S_max))`.
    pub(super) fn evidence_exponent(&self, gap_slots: u32) -> f64 {
        self.exponent_per_slot * f64::from(gap_slots.min(self.config.max_gap_slots))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid() {
        for config in [
            EngineConfig::default(),
            EngineConfig::responsive(),
            EngineConfig::calm(),
        ] {
            assert!(config.build().is_ok(), "{config:?}");
        }
    }

    #[test]
    fn a_setting_out_of_range_is_named_with_value_and_range() {
        let error = EngineConfig {
            theta: 1.5,
            ..EngineConfig::default()
        }
        .build()
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "location setting theta is 1.5: choose a value from 0.5 to 0.999999"
        );
        let error = EngineConfig {
            lam_db: f64::NAN,
            ..EngineConfig::default()
        }
        .build()
        .unwrap_err();
        assert_eq!(error.field, "lam_db");
        let error = EngineConfig {
            late_limit_ms: 500,
            ..EngineConfig::default()
        }
        .build()
        .unwrap_err();
        assert_eq!(error.field, "late_limit_ms");
    }

    #[test]
    fn power_and_level_are_inverse_to_a_billionth_of_a_db() {
        let engine = Engine::default();
        for rssi in [-109.5f32, -92.0, -60.0, -30.25, 0.0] {
            assert!((engine.level_dbm(engine.power(rssi)) - f64::from(rssi)).abs() < 1e-9);
        }
        assert!(
            (engine.level_dbm(0.0) + 110.0).abs() < 1e-9,
            "silence is the floor"
        );
    }
}
