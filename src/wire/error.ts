// Owns Ec2Error: a refusal meant for the caller, in AWS's code, message and HTTP status (EC2 API reference, error codes).

export class Ec2Error extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
