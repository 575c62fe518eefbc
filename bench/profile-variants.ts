import type { Load } from './load.ts';
import { checkTeam, startTeam, type Bench } from './measure.ts';
import type { Member } from './members.ts';
import { summarize } from './profile.ts';
import type { Size } from './shop.ts';

const requests = { 1: 6_000, 100: 2_000, 1_000: 400 } as const satisfies Record<Size, number>;

/** Where the time goes when so many customers are asked for, governed and ungoverned, in words. */
export const profileVariants = async (
  bench: Pick<Bench, 'stage' | 'owns' | 'signal'> & { readonly load: Load },
  size: Size,
  callers: number,
): Promise<string> => {
  const team = await startTeam(bench, ['governed', 'off'], 1);
  const { lengths } = (await checkTeam(bench.load, team))[size];
  const profileOf = async (member: Member) => {
    const variant = team.get(member);
    if (!variant) throw new Error(`\`${member}\` is not in the team`);
    const length = lengths.get(member) ?? NaN;
    const drive = () => bench.load.drive(variant, { size, count: requests[size], length, callers });
    await drive();
    return variant.profile(drive);
  };
  const governed = await profileOf('governed');
  return summarize({ governed, off: await profileOf('off'), requests: requests[size] });
};
