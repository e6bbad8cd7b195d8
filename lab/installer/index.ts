export { BootFailure, type Stage } from "./failure";
export { LabMachine, type MachineOptions, type MachineStatus } from "./machine";
