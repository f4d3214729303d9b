// Not a limit to test against, only an end to a hang: an apply takes half a minute here, and machines differ.
jest.setTimeout(10 * 60 * 1000);
