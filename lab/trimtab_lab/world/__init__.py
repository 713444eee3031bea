"""A simulated AWS account: fleets, load, health checks, groups, metrics and alarms.

One model stands behind both the embedded AWS and the simulator. It knows nothing of Trimtab: it
only does what the services it imitates would do. Entry points: `trimtab_lab.world.scenario` (what
a world is made of), `trimtab_lab.world.build` (makes one), `trimtab_lab.world.world` (its time and
its AWS-like calls) and `trimtab_lab.world.shop` (the demo's day). Where it is only like AWS, the
module that does so says "Approximation".
"""
