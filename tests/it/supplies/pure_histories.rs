//! Random histories of the pure rules, without a database: after each step alerts and the suggestion are what the plainest reading of the
//! rules says, and a cabinet's books are what its inventories showed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardtrack::db::types::Rounding;
use wardtrack::supplies::rules::OrderRule;
use wardtrack::supplies::standing::{Draft, Standing, TwoBins};

/// Histories; each has up to 20 steps.
const HISTORIES: u64 = 100_000;

/// What the world and people did to an item at a place.
#[derive(Default)]
struct World {
    /// Every change of stock, the ledger.
    moves: Vec<i64>,
    /// Quantities of orders that were approved, and of what has come of them.
    orders: Vec<(i64, i64)>,
    /// The suggestion, as the program made it follow the verdicts.
    suggested: Option<i64>,
    /// Alerts, as the program made them follow the verdicts.
    alerts: [bool; 3],
    empty: i64,
    is_quiet: bool,
    is_silent: bool,
}

#[derive(Clone, Copy)]
struct Rule {
    reorder_point: i64,
    par: i64,
    pack: i64,
    fixed: Option<i64>,
    two_bins: bool,
}

impl World {
    fn standing(&self, rule: Rule) -> Standing {
        let rule_of_order = match rule.fixed {
            Some(quantity) => OrderRule::Fixed { quantity },
            None => OrderRule::ToPar {
                par: rule.par,
                pack: rule.pack,
                rounding: Rounding::Up,
                maximum: None,
            },
        };
        Standing {
            available: self.moves.iter().sum(),
            on_order: self
                .orders
                .iter()
                .map(|(ordered, come)| (ordered - come).max(0))
                .sum(),
            reorder_point: rule.reorder_point,
            rule: rule_of_order,
            two_bins: rule.two_bins.then_some(TwoBins {
                empty: self.empty,
                quantity: rule.pack,
            }),
            suggested: self.suggested,
            is_quiet: self.is_quiet,
            is_silent: self.is_silent,
        }
    }

    /// Does what the verdict says, as `settle` does.
    fn follow(&mut self, rule: Rule) {
        let verdict = self.standing(rule).decide();
        if let Some(is_out) = verdict.is_out {
            self.alerts[0] = is_out;
        }
        self.alerts[1] = verdict.is_low;
        self.alerts[2] = verdict.both_empty;
        match verdict.draft {
            Draft::Keep => {}
            Draft::Open(quantity) => {
                assert_eq!(self.suggested, None, "R19: never two open suggestions");
                self.suggested = Some(quantity);
            }
            Draft::Change(quantity) => {
                assert!(self.suggested.is_some_and(|now| now != quantity));
                self.suggested = Some(quantity);
            }
            Draft::Withdraw => assert!(self.suggested.take().is_some()),
        }
    }

    /// What is to be ordered, counted unit by unit.
    fn needs(&self, rule: Rule) -> i64 {
        let available: i64 = self.moves.iter().sum();
        let mut on_order = 0;
        for (ordered, come) in &self.orders {
            on_order += (ordered - come).max(0);
        }
        if rule.two_bins {
            // An order counts in bins, to the nearest.
            let ordered = (1_i64..1_000)
                .take_while(|bins| 2 * on_order >= (2 * bins - 1) * rule.pack)
                .count();
            return (self.empty - i64::try_from(ordered).unwrap()).max(0) * rule.pack;
        }
        let position = available + on_order;
        if position > rule.reorder_point {
            return 0;
        }
        let mut quantity = 0;
        if let Some(fixed) = rule.fixed {
            while position + quantity <= rule.reorder_point {
                quantity += fixed;
            }
        } else {
            quantity = rule.pack;
            while position + quantity < rule.par {
                quantity += rule.pack;
            }
        }
        quantity
    }

    fn step(&mut self, rule: Rule, chance: &mut ChaCha8Rng) {
        match chance.random_range(0..12) {
            0..=3 => self.moves.push(-chance.random_range(1..30)),
            4 | 5 => self.moves.push(chance.random_range(1..40)),
            // The same message again changes nothing: it is not appended.
            6 => {}
            7 => self.empty = (self.empty + 1).min(2),
            8 => self.empty = (self.empty - 1).max(0),
            9 => {
                if let Some(quantity) = self.suggested.take() {
                    if chance.random_bool(0.7) {
                        let changed = quantity * chance.random_range(1..3);
                        self.orders.push((changed, 0));
                    } else {
                        self.is_quiet = true;
                    }
                }
            }
            10 => {
                let more = chance.random_range(1..50);
                if let Some((_, come)) = self
                    .orders
                    .iter_mut()
                    .find(|(ordered, come)| come < ordered)
                {
                    *come += more;
                    self.moves.push(more);
                } else {
                    self.is_quiet = false;
                }
            }
            _ => self.is_silent = !self.is_silent,
        }
        self.follow(rule);
    }
}

#[test]
fn r5_r6_r19_r24_hold_over_100_000_histories_of_the_pure_rules() {
    let mut opened = 0_u64;
    for seed in 0..HISTORIES {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let reorder_point = chance.random_range(0..30);
        let rule = Rule {
            reorder_point,
            par: reorder_point + chance.random_range(0..60),
            pack: chance.random_range(1..25),
            fixed: chance.random_bool(0.2).then(|| chance.random_range(1..40)),
            two_bins: chance.random_bool(0.3),
        };
        let mut world = World::default();
        world.follow(rule);
        let mut known = (world.alerts[0], world.suggested);
        for _ in 0..chance.random_range(1..20) {
            let was_suggested = world.suggested;
            world.step(rule, &mut chance);
            let needs = world.needs(rule);
            let available: i64 = world.moves.iter().sum();
            let out = if world.is_silent {
                known.0
            } else {
                available <= 0
            };
            let low = if rule.two_bins {
                needs > 0
            } else {
                available
                    + world
                        .orders
                        .iter()
                        .map(|(o, c)| (o - c).max(0))
                        .sum::<i64>()
                    <= reorder_point
            };
            assert_eq!(
                world.alerts,
                [out, low, rule.two_bins && world.empty == 2],
                "history {seed}"
            );
            let wanted = (needs > 0 && !world.is_quiet).then_some(needs);
            if world.is_silent {
                // R24: a silent cabinet neither drafts nor takes back; a person may have decided meanwhile.
                assert!(
                    world.suggested == was_suggested || world.suggested.is_none(),
                    "history {seed}"
                );
            } else {
                assert_eq!(world.suggested, wanted, "history {seed}");
            }
            opened += u64::from(world.suggested.is_some() && was_suggested.is_none());
            known = (world.alerts[0], world.suggested);
        }
    }
    assert!(opened > HISTORIES / 4, "{opened} suggestions");
    println!("{HISTORIES} histories, {opened} suggestions opened");
}
