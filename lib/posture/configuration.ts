/** Configurations of the two sources beside the NT queries, where there is nothing to read. */
import type {
  ConfigurationSource,
  ConfigurationState,
  DeviceGuardValues,
  PostureConfiguration,
  RegistryValues,
} from '../types.js';
import { DEVICE_GUARD_PROPERTIES } from './device-guard.js';

/** A source that gave nothing. */
export const silentSource = (
  state: Exclude<ConfigurationState, 'answered'>,
  problem: string,
): ConfigurationSource<never> => ({
  state,
  problem,
  values: null,
});

/** Both sources gave nothing, for one reason. */
export const silentConfiguration = (
  state: Exclude<ConfigurationState, 'answered'>,
  problem: string,
): PostureConfiguration => ({
  deviceGuard: silentSource(state, problem),
  registry: silentSource(state, problem),
});

/** What `posture()` has: it asks no helper process. */
export const NOT_ASKED: PostureConfiguration = silentConfiguration(
  'not-asked',
  'posture() asks the kernel alone; postureAsync() asks WMI and the registry too',
);

/** A kernel that is simulated has no Windows around it. */
export const SIMULATED_KERNEL: PostureConfiguration = silentConfiguration(
  'unavailable',
  'a simulated kernel has no WMI and no registry; an emulated machine answers from its scenario',
);

/** A Win32_DeviceGuard with only the properties given. */
export const deviceGuardOf = (values: Partial<DeviceGuardValues>): DeviceGuardValues =>
  ({
    ...Object.fromEntries(DEVICE_GUARD_PROPERTIES.map(({ name }) => [name, null])),
    ...values,
  }) as unknown as DeviceGuardValues;

/** A source that answered. */
export const answeredSource = <Values extends DeviceGuardValues | RegistryValues>(
  values: Values,
  problem: string | null = null,
): ConfigurationSource<Values> => ({ state: 'answered', problem, values });
