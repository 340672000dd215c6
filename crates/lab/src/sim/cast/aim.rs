//! What an actor aims at, of what operators are used to do.

use crate::dnp3::scenario::Carried;
use crate::sim::act::Way;
use crate::sim::script::{Aim, Among, Scenario, Step, Variant};
use crate::sim::spec::{Habit, Target, Usage};
use crate::sim::world::World;

/// So often something was done before it counts as known: opened and closed, on two occasions.
const USED: u32 = 4;

/// What steps aim at, of what operators are used to do.
pub(super) fn aims(steps: &[Step]) -> Vec<Aim> {
    let of = |step: &Step| match step {
        Step::Write { aim, .. } | Step::Operate { aim, .. } => Some(*aim),
        Step::Toggle { .. } | Step::Moves { .. } => Some(Aim::Breaker),
        Step::Ramp { .. } => Some(Aim::Setpoint),
        Step::Ask { carries, .. } => carries
            .iter()
            .any(|own| matches!(own, Carried::Control | Carried::OtherControl))
            .then_some(Aim::Breaker),
        _ => None,
    };
    steps.iter().filter_map(of).filter(|aim| *aim != Aim::Fixed).collect()
}

/// Whether operators have done on a link what a step aims at.
pub(super) fn is_used(world: &World, link: usize, aim: Aim) -> bool {
    let habits = world.site.links.get(link).map_or(&[][..], |own| &own.habits);
    let device = world.whom(Way::Link(link)).1;
    habits.iter().enumerate().any(|(nth, own)| {
        own.device == device
            && is_aim(aim, own)
            && world.used.get(&(link, nth)).is_some_and(|count| *count >= USED)
    })
}

pub(super) fn is_aim(aim: Aim, habit: &Habit) -> bool {
    match (aim, habit.target) {
        (Aim::Breaker, Target::Breaker(_)) => !matches!(habit.usage, Usage::Daily { .. }),
        (Aim::Setpoint, Target::Setpoint(_)) => true,
        _ => false,
    }
}

/// Whether a scenario can be done on a link.
pub(super) fn fits(world: &World, scenario: &Scenario, variant: &Variant, link: usize) -> bool {
    let Some(own) = world.site.links.get(link) else { return false };
    let Some(standing) = world.standing.get(own.station) else { return false };
    let devices = standing.station.devices.len();
    let among = match variant.among {
        Among::Any => true,
        Among::Single => devices == 1,
        Among::Gateway => devices > 1,
    };
    let late = variant.steps(scenario).iter().any(|step| matches!(step, Step::Added {}));
    among
        && own.in_charge
        && standing.station.speaks == scenario.speaks
        && standing.station.is_late == late
}
