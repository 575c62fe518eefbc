import type { ApolloServerPlugin, GraphQLRequestContextDidEncounterErrors } from '@apollo/server';
import { Kind, type GraphQLError } from 'graphql';
import type { Caller } from '../identity/caller.ts';

const namesPurpose = (error: GraphQLError): boolean =>
  error.extensions['code'] === 'GRAPHQL_VALIDATION_FAILED' &&
  /"Purpose" enum|enum "Purpose"/.test(error.message) &&
  error.nodes?.some(({ kind }) => kind === Kind.ENUM || kind === Kind.STRING) === true;

/** Gives graphql-js's complaint about an unknown purpose our code and the list of those the caller may name. */
export const explainUnknownPurpose = (
  purposes: readonly string[],
): ApolloServerPlugin<{ readonly caller: Caller }> => ({
  requestDidStart: () =>
    Promise.resolve({
      didEncounterErrors: ({
        errors,
        contextValue,
      }: GraphQLRequestContextDidEncounterErrors<{ readonly caller: Caller }>) => {
        for (const error of errors.filter(namesPurpose)) {
          error.extensions['code'] = 'PURPOSE_UNKNOWN';
          error.extensions['allowedPurposes'] = purposes
            .filter((purpose) => contextValue.caller.purposes.has(purpose))
            .sort();
        }
        return Promise.resolve();
      },
    }),
});
